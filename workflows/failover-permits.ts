import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { emptyLedger, type Ledger, requestPermit, returnPermit } from './decisions/permits';
import { requestPermitUpdate, returnPermitSignal } from './messages';

/**
 * The fleet's ledger of automatic failovers. One run for ever, started by the first request: counting in one place is what makes
 * the limit hold when many clusters alert in the same second.
 */
export async function failoverPermits(carried: Ledger = emptyLedger): Promise<never> {
  let ledger = carried;
  setHandler(
    requestPermitUpdate,
    (request) => {
      const answer = requestPermit(ledger, request, Date.now());
      ledger = answer.ledger;
      return answer.permit;
    },
    { description: 'May one more automatic failover run? Asked by emergencyFailover.' },
  );
  setHandler(returnPermitSignal, (run) => {
    ledger = returnPermit(ledger, run);
  });
  await condition(() => workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  return continueAsNew<typeof failoverPermits>(ledger);
}
