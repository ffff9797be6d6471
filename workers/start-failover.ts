import { type Client } from '@temporalio/client';
import { type StartFailover, type WatchDeps } from '../activities/watch/observe-primary';
import { type RunbookReport } from '../workflows/decisions/report';
import { ANOTHER_RUNBOOK } from '../workflows/decisions/watch';
import { changeId, EMERGENCY_TASK_QUEUE, rehearsalId } from '../workflows/messages';

/**
 * Start under the cluster's lock, or join the run that has it. Eager: when this process has a worker for the queue, the first
 * workflow task comes back with the start itself (the client shares the worker's connection).
 */
export const failoverStarter =
  (client: Client): StartFailover =>
  async (order) => {
    const handle = await client.workflow.start('emergencyFailover', {
      workflowId: changeId(order.cluster),
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [order],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowTaskTimeout: '3 s',
      requestEagerStart: true,
      staticSummary: `Emergency failover of ${order.cluster}, started by the watcher`,
    });
    const run = handle.firstExecutionRunId;
    const ended = handle.result().then(
      (report: unknown) => {
        const { runbook, outcome, newPrimary } = report as RunbookReport;
        return { outcome: runbook === 'emergencyFailover' ? outcome : ANOTHER_RUNBOOK, newPrimary };
      },
      () => ({ outcome: 'failed', newPrimary: null }),
    );
    return { run, ended };
  };

/** A dry run of the whole decision, as the watcher would start it. */
export const rehearser =
  (client: Client): WatchDeps['rehearse'] =>
  async (cluster) => {
    await client.workflow.execute('emergencyFailover', {
      workflowId: rehearsalId(cluster),
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [{ cluster, dryRun: true, trigger: 'watcher', requestedBy: 'watchCluster', reason: 'rehearsal' }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      requestEagerStart: true,
      staticSummary: `Rehearsal: what would be done about ${cluster} now`,
    });
  };
