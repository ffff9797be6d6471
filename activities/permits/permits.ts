import { type Client, WithStartWorkflowOperation } from '@temporalio/client';
import { type Permit, type PermitRequest } from '../../workflows/decisions/permits';
import { PERMITS_ID, requestPermitUpdate, returnPermitSignal, TASK_QUEUE } from '../../workflows/messages';

/** No longer than its activity waits: a question nobody hears must not keep a worker that is asked to stop from stopping. */
const ANSWER_MS = 2_000;

/**
 * Ask the fleet's ledger whether one more automatic failover may run. One workflow keeps it, so that two hundred clusters that
 * alert at once are counted one after the other. Idempotent: the run is the update's id, and a run is counted once.
 */
export async function takePermit(client: Client, request: PermitRequest): Promise<Permit> {
  return client.withDeadline(Date.now() + ANSWER_MS, () =>
    client.workflow.executeUpdateWithStart(requestPermitUpdate, {
      args: [request],
      updateId: `permit-${request.run}`,
      startWorkflowOperation: new WithStartWorkflowOperation('failoverPermits', {
        workflowId: PERMITS_ID,
        taskQueue: TASK_QUEUE,
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [],
      }),
    }),
  );
}

export async function returnPermit(client: Client, run: string): Promise<void> {
  await client.withDeadline(Date.now() + ANSWER_MS, () =>
    client.workflow.getHandle(PERMITS_ID).signal(returnPermitSignal, run),
  );
}
