import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild } from '@temporalio/workflow';
import { type Cluster } from '../decisions/cluster';
import { type RunbookReport } from '../decisions/report';
import { type ProvisionOrder } from '../inputs';
import { changeId, EMERGENCY_TASK_QUEUE } from '../messages';
import { copying } from './activities';
import { failureWords, type Runbook } from './runbook';

const LOOK_AGAIN_MS = 5_000;

/**
 * A server that a failover took is started and rejoins: nothing that it holds is dropped while that is enough. null = it is back; else the
 * sentence why it has to be filled anew.
 */
export async function comeBackFirst(book: Runbook, cluster: Cluster, order: ProvisionOrder): Promise<string | null> {
  const { instance } = order;
  book.phase('come back', `${instance} is started, and rejoins if it can`);
  try {
    await book.step(
      `Start the server of ${instance}`,
      () => copying.startInstance({ cluster, instance }),
      (how) => how,
    );
    for (;;) {
      const report = await book.step(
        `Let ${instance} rejoin`,
        () => rejoinOnce(order),
        (ended) => (ended === null ? 'another change runs: it waits for its end' : ended.headline),
      );
      if (report?.outcome === 'done' || report?.outcome === 'stood down') return null;
      if (report !== null) return report.headline;
      await book.rest(Date.now() + LOOK_AGAIN_MS);
    }
  } catch (error) {
    return failureWords(error);
  }
}

/** null = somebody else holds the lock. */
async function rejoinOnce({ cluster, instance, requestedBy }: ProvisionOrder): Promise<RunbookReport | null> {
  try {
    return (await executeChild('rejoinInstance', {
      workflowId: changeId(cluster),
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [{ cluster, instance, requestedBy, extras: 'refuse', reason: 'after a failover' }],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      parentClosePolicy: 'ABANDON',
      staticSummary: `rejoinInstance of ${cluster}, holding the cluster's lock`,
    })) as RunbookReport;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}
