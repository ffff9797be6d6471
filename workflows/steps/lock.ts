import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { changeId, drillId, EMERGENCY_TASK_QUEUE, provisionId, TASK_QUEUE, upgradeId } from '../messages';

export const holdsLock = (cluster: string): boolean => workflowInfo().workflowId === changeId(cluster);

/**
 * One topology change per cluster at a time (invariant 5): the lock is the workflow id. A run that was started by hand under
 * another id runs its body as a child with that id; when somebody else holds it, it is refused with the holder's name.
 */
export async function underLock<Result>(workflow: string, cluster: string, input: object): Promise<Result> {
  setCurrentDetails(
    `The run itself is \`${changeId(cluster)}\`, which holds the cluster's lock: open it under *Relationships*. It is the one to approve, pause and cancel.`,
  );
  try {
    return (await executeChild(workflow, {
      workflowId: changeId(cluster),
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      // Somebody who terminates the outer run must not stop a change half way.
      parentClosePolicy: 'ABANDON',
      staticSummary: `${workflow} of ${cluster}, holding the cluster's lock`,
    })) as Result;
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ApplicationFailure.create({
      type: 'CHANGE_IN_PROGRESS',
      nonRetryable: true,
      message: `Another change of ${cluster} is running as ${changeId(cluster)} (invariant 5). Look at it with: runbook status ${changeId(cluster)}`,
    });
  }
}

export const isProvisionOf = (cluster: string, instance: string): boolean =>
  workflowInfo().workflowId === provisionId(cluster, instance);

/** One filling of a server at a time, under an id of its own: hours of copying must not hold the lock that a failover needs. */
export async function asProvisionOf<Result>(cluster: string, instance: string, input: object): Promise<Result> {
  try {
    return (await executeChild('provisionReplica', {
      workflowId: provisionId(cluster, instance),
      taskQueue: TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      // Somebody who terminates the outer run must not leave a server half filled.
      parentClosePolicy: 'ABANDON',
      staticSummary: `provisionReplica of ${instance} of ${cluster}`,
    })) as Result;
  } catch (error) {
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ApplicationFailure.create({
      type: 'CHANGE_IN_PROGRESS',
      nonRetryable: true,
      message: `${instance} is being filled already, by ${provisionId(cluster, instance)}. Look at it with: runbook status ${provisionId(cluster, instance)}`,
    });
  }
}

export const isDrillOf = (cluster: string): boolean => workflowInfo().workflowId === drillId(cluster);
export const isUpgradeOf = (cluster: string): boolean => workflowInfo().workflowId === upgradeId(cluster);

/** One drill of a cluster at a time, under an id of its own: a drill must not hold the lock that the failover it is about needs. */
export const asDrillOf = <Result>(cluster: string, input: object): Promise<Result> =>
  underItsOwnId('failoverDrill', 'drill', cluster, drillId(cluster), input);

/** One upgrade of a cluster at a time, under an id of its own: it lasts for days, and only its switchovers take the lock. */
export const asUpgradeOf = <Result>(cluster: string, input: object): Promise<Result> =>
  underItsOwnId('upgradeCluster', 'upgrade', cluster, upgradeId(cluster), input);

async function underItsOwnId<Result>(
  workflow: string,
  what: string,
  cluster: string,
  workflowId: string,
  input: object,
): Promise<Result> {
  try {
    return (await executeChild(workflow, {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      // Somebody who terminates the outer run must not leave a cluster in the middle of it.
      parentClosePolicy: 'ABANDON',
      staticSummary: `${workflow} of ${cluster}`,
    })) as Result;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw ApplicationFailure.create({
      type: 'CHANGE_IN_PROGRESS',
      nonRetryable: true,
      message: `Another ${what} of ${cluster} is running as ${workflowId}. Look at it with: runbook status ${workflowId}`,
    });
  }
}
