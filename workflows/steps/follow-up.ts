import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { type Cluster } from '../decisions/cluster';
import { provisioningOf } from '../decisions/hosts';
import { provisionId, TASK_QUEUE } from '../messages';
import { failureWords, type Runbook } from './runbook';

export interface FollowUp {
  readonly cluster: Cluster;
  readonly instance: string;
  /** More of the order of provisionReplica. */
  readonly order: object;
}

/** Start provisionReplica, which lives on without this run and takes the lock when this one has given it back. Returns its id. */
export async function beginProvisioning(book: Runbook, { cluster, instance, order }: FollowUp): Promise<string> {
  const workflowId = provisionId(cluster.name, instance);
  try {
    await startChild('provisionReplica', {
      workflowId,
      taskQueue: TASK_QUEUE,
      args: [{ cluster: cluster.name, instance, reason: `run ${book.run}`, ...order }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `provisionReplica of ${instance} of ${cluster.name}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return workflowId;
}

/** A failover leaves the cluster one server short: by policy that server comes back by itself, or is filled anew. It fails no failover. */
export async function giveBackRedundancy(book: Runbook, cluster: Cluster, lost: string | null): Promise<void> {
  if (lost === null || cluster.provisioning === undefined) return;
  const { afterFailover } = provisioningOf(cluster);
  if (afterFailover === 'no') {
    book.found.left.push(
      `the cluster is one server short: bring ${lost} back with rejoinInstance, or fill it anew with provisionReplica`,
    );
    return;
  }
  try {
    const order = { trigger: 'failover', requestedBy: `the policy of ${cluster.name}`, extras: 'ask' };
    const id = await beginProvisioning(book, { cluster, instance: lost, order });
    book.found.decisions.push(`${id} brings ${lost} back, or fills it anew`);
  } catch (error) {
    book.found.left.push(`provisionReplica of ${lost} was not begun: ${failureWords(error)}`);
  }
}
