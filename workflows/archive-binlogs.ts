import {
  ActivityCancellationType,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  sleep,
  startChild,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { type Activities } from '../activities';
import { newsOfTroubles, type Trouble } from './decisions/archive/troubles';
import { archiveOrder, parseInput } from './inputs';
import { TASK_QUEUE } from './messages';
import { failureCode } from './steps/runbook';

const form = { workflow: 'archiveBinlogs', example: { cluster: 'orders' } };

/**
 * Keep the binary logs of one cluster archived on some worker. Paper: docs/runbooks/archive-binlogs.md. One long activity that heartbeats; it
 * comes back when people are to be told of a trouble, or that it is over, and is called again.
 */
export async function archiveBinlogs(input?: unknown): Promise<void> {
  const { cluster, told: before } = parseInput(archiveOrder, input, form);
  const { archiveBinlogs: archive } = proxyActivities<Activities>({
    taskQueue: TASK_QUEUE,
    startToCloseTimeout: '3650 days',
    heartbeatTimeout: '5 s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '500 ms', backoffCoefficient: 1.5, maximumInterval: '10 s' },
    summary: `Copy the binary logs of ${cluster}`,
  });
  let told: readonly Trouble[] = before;
  for (;;) {
    setCurrentDetails(describe(cluster, told));
    try {
      const { troubles } = await archive({ cluster, told });
      const { begun, over } = newsOfTroubles(told, troubles);
      for (const trouble of begun) await tell(cluster, trouble, false);
      for (const trouble of over) await tell(cluster, trouble, true);
      told = troubles;
    } catch (error) {
      // A bug of ours may not leave a cluster without an archive for good. What an operator must mend is told instead.
      if (isCancellation(error) || failureCode(error) !== 'INTERNAL') throw error;
      await sleep('5 s');
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof archiveBinlogs>({ cluster, told });
  }
}

const describe = (cluster: string, told: readonly Trouble[]): string =>
  [
    `Archiving the binary logs of **${cluster}**. Whom it copies from and how far it is: \`runbook archive status ${cluster}\``,
    ...told.map(({ sentence, cure }) => `- **${sentence}**: ${cure}`),
  ].join('\n\n');

/** A run of its own for each alarm: it is told by every channel as the end of any other run is. */
async function tell(cluster: string, trouble: Trouble, over: boolean): Promise<void> {
  await startChild('archiveAlarm', {
    workflowId: `cluster/${cluster}/archive/alarm/${uuid4()}`,
    args: [{ cluster, trouble, over }],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `${over ? 'Over: ' : ''}${trouble.sentence}`.slice(0, 200),
  });
}
