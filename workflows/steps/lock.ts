import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { changeId, drillId, EMERGENCY_TASK_QUEUE, provisionId, TASK_QUEUE, upgradeId } from '../messages';

export const holdsLock = (cluster: string): boolean => workflowInfo().workflowId === changeId(cluster);
export const isProvisionOf = (cluster: string, instance: string): boolean =>
  workflowInfo().workflowId === provisionId(cluster, instance);
export const isDrillOf = (cluster: string): boolean => workflowInfo().workflowId === drillId(cluster);
export const isUpgradeOf = (cluster: string): boolean => workflowInfo().workflowId === upgradeId(cluster);

/**
 * One topology change per cluster at a time (invariant 5): the lock is the workflow id. A run that was started by hand under
 * another id runs its body as a child with that id; when somebody else holds it, it is refused with the holder's name.
 */
export async function underLock<Result>(workflow: string, cluster: string, input: object): Promise<Result> {
  const workflowId = changeId(cluster);
  setCurrentDetails(
    `The run itself is \`${workflowId}\`, which holds the cluster's lock: open it under *Relationships*. It is the one to approve, pause and cancel.`,
  );
  return underId({
    ...{ workflow, workflowId, taskQueue: EMERGENCY_TASK_QUEUE, input },
    summary: `${workflow} of ${cluster}, holding the cluster's lock`,
    taken: `Another change of ${cluster} is running as ${workflowId} (invariant 5).`,
  });
}

/** One filling of a server at a time, under an id of its own: hours of copying must not hold the lock that a failover needs. */
export function asProvisionOf<Result>(cluster: string, instance: string, input: object): Promise<Result> {
  const workflowId = provisionId(cluster, instance);
  return underId({
    ...{ workflow: 'provisionReplica', workflowId, taskQueue: TASK_QUEUE, input },
    summary: `provisionReplica of ${instance} of ${cluster}`,
    taken: `${instance} is being filled already, by ${workflowId}.`,
  });
}

/** One drill of a cluster at a time, under an id of its own: a drill must not hold the lock that the failover it is about needs. */
export function asDrillOf<Result>(cluster: string, input: object): Promise<Result> {
  const workflowId = drillId(cluster);
  return underId({
    ...{ workflow: 'failoverDrill', workflowId, taskQueue: TASK_QUEUE, input },
    summary: `failoverDrill of ${cluster}`,
    taken: `Another drill of ${cluster} is running as ${workflowId}.`,
  });
}

/** One upgrade of a cluster at a time, under an id of its own: it lasts for days, and only its switchovers take the lock. */
export function asUpgradeOf<Result>(cluster: string, input: object): Promise<Result> {
  const workflowId = upgradeId(cluster);
  return underId({
    ...{ workflow: 'upgradeCluster', workflowId, taskQueue: TASK_QUEUE, input },
    summary: `upgradeCluster of ${cluster}`,
    taken: `Another upgrade of ${cluster} is running as ${workflowId}.`,
  });
}

interface Body {
  readonly workflow: string;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: object;
  readonly summary: string;
  /** What is said when another run has the id. */
  readonly taken: string;
}

/** A refusal of the child is told in its own words. */
async function underId<Result>({ workflow, workflowId, taskQueue, input, summary, taken }: Body): Promise<Result> {
  try {
    return (await executeChild(workflow, {
      workflowId,
      taskQueue,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      // Somebody who terminates the outer run must not leave a cluster in the middle of it.
      parentClosePolicy: 'ABANDON',
      staticSummary: summary,
    })) as Result;
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ApplicationFailure.create({
      type: 'CHANGE_IN_PROGRESS',
      nonRetryable: true,
      message: `${taken} Look at it with: runbook status ${workflowId}`,
    });
  }
}
