import {
  ActivityCancellationType,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { type Activities } from '../activities';
import { parseInput, watchOrder } from './inputs';
import { TASK_QUEUE } from './messages';
import { failureCode } from './steps/runbook';

/**
 * Keep an observer of one cluster running on some worker. The observer is one long activity that heartbeats: when its worker dies it
 * is started on another within five seconds (heartbeat 3 s, retry at once). An idle watcher writes no history at all.
 */
export async function watchCluster(input?: unknown): Promise<void> {
  const order = parseInput(watchOrder, input, { workflow: 'watchCluster', example: { cluster: 'orders' } });
  const { observePrimary } = proxyActivities<Activities>({
    taskQueue: TASK_QUEUE,
    startToCloseTimeout: '3650 days',
    heartbeatTimeout: '3 s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '200 ms', backoffCoefficient: 1.5, maximumInterval: '5 s' },
  });
  setCurrentDetails(
    `Watching **${order.cluster}** every ${order.probeMs} ms. Its observer and what it last saw: \`runbook watch status ${order.cluster}\` (run ${workflowInfo().runId})`,
  );
  try {
    await observePrimary(order);
  } catch (error) {
    // A bug of ours may not leave a cluster unwatched for good. What an operator must mend (an unknown cluster) is told instead.
    if (failureCode(error) !== 'INTERNAL') throw error;
    await sleep('5 s');
    await continueAsNew<typeof watchCluster>(order);
  }
}
