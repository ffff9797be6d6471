import { ApplicationFailure, ChildWorkflowFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild } from '@temporalio/workflow';
import { type RunbookReport } from '../decisions/report';
import { type AttachOrder, type ProvisionOrder } from '../inputs';
import { changeId, EMERGENCY_TASK_QUEUE } from '../messages';
import { type Runbook } from './runbook';

const LOOK_AGAIN_MS = 5_000;

/** The lock, for the moment of change; while somebody else has it, this waits. Returns the primary that it follows now. */
export async function executeAttach(book: Runbook, order: ProvisionOrder): Promise<string> {
  const { cluster, instance, requestedBy } = order;
  for (;;) {
    const report = await book.step(
      `Point ${instance} at the primary, read-only for good`,
      () => attachOnce({ cluster, instance, requestedBy, reason: `provisionReplica, run ${book.run}` }),
      (ended) => (ended === null ? 'another change runs: it waits for its end' : ended.headline),
    );
    if (report?.outcome === 'done' || report?.outcome === 'stood down') {
      const [primary] = [report.newPrimary, book.found.oldPrimary].filter((name) => name !== null);
      return primary ?? '';
    }
    if (report !== null)
      throw ApplicationFailure.create({ type: 'WRONG_SERVER', nonRetryable: true, message: report.headline });
    await book.rest(Date.now() + LOOK_AGAIN_MS);
  }
}

type AttachInput = Pick<AttachOrder, 'cluster' | 'instance' | 'requestedBy' | 'reason'>;

/** null = somebody else holds the lock. */
async function attachOnce(input: AttachInput): Promise<RunbookReport | null> {
  try {
    return (await executeChild('attachReplica', {
      workflowId: changeId(input.cluster),
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      parentClosePolicy: 'ABANDON',
      staticSummary: `attachReplica of ${input.cluster}, holding the cluster's lock`,
    })) as RunbookReport;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    if (error instanceof ChildWorkflowFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}
