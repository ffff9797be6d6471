import { executeChild, workflowInfo } from '@temporalio/workflow';
import { iso } from './decisions/appointment';
import { type RunbookReport } from './decisions/report';
import { parseInput, scheduledOrder } from './inputs';
import { TASK_QUEUE } from './messages';
import { schedules } from './steps/activities';
import { openRunbook } from './steps/runbook';

const form = {
  workflow: 'scheduledRun',
  example: { schedule: 'monthly-drill', runbook: 'failoverDrill', input: { cluster: 'orders' } },
};

/**
 * What a Temporal schedule starts: asks the inventory whether anything may begin now, then runs the runbook as a child, which takes its
 * cluster's lock as ever. Ends with the runbook's own report, or stands down in a blackout.
 */
export async function scheduledRun(input?: unknown): Promise<RunbookReport> {
  const { schedule, runbook, input: order } = parseInput(scheduledOrder, input, form);
  const cluster = typeof order['cluster'] === 'string' ? order['cluster'] : 'fleet';
  const requestedBy = `schedule ${schedule}`;
  // Whoever is told is told of the runbook, once.
  const book = openRunbook('scheduledRun', { cluster, reason: '', requestedBy, trigger: 'schedule', dryRun: true });
  const { known, blackout } = await book.step(
    'Ask the inventory whether anything may begin now',
    () => schedules.blackoutNow({ schedule }),
    (answer) => (answer.blackout ? `blackout ${answer.blackout.name}` : 'it may'),
  );
  if (!known)
    return book.close(
      'refused',
      `Refused: the inventory has no schedule ${schedule} any more. Delete it with: runbook schedules apply`,
    );
  if (blackout)
    return book.close('stood down', `Skipped: blackout window ${blackout.name} until ${iso(blackout.untilMs)}`);
  book.phase('run', `${runbook} begins`);
  await book.handOver();
  const { workflowId } = workflowInfo();
  const report = await executeChild<(input: unknown) => Promise<RunbookReport>>(runbook, {
    workflowId: `${workflowId}/${runbook}`,
    taskQueue: TASK_QUEUE,
    args: [{ requestedBy, ...order, trigger: 'schedule' }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    // Somebody who terminates this run must not stop a change half way.
    parentClosePolicy: 'ABANDON',
    staticSummary: `${runbook}, started by the schedule ${schedule}`,
  });
  book.close(report.outcome, report.headline);
  return report;
}
