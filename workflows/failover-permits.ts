import { ApplicationFailure } from '@temporalio/common';
import { allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { emptyLedger, type Ledger, type PermitRequest, requestPermit, returnPermit } from './decisions/permits';
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
    { validator: refuseUnclear, description: 'May one more automatic failover run? Asked by emergencyFailover.' },
  );
  setHandler(returnPermitSignal, (run) => {
    ledger = returnPermit(ledger, run);
  });
  await condition(() => workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  return continueAsNew<typeof failoverPermits>(ledger);
}

/** A request typed by hand that lacks a limit would make the handler throw, and then nobody in the fleet gets an answer. */
function refuseUnclear(request: Partial<PermitRequest> | undefined): void {
  const { cluster, run, perCluster, perFleet } = request ?? {};
  const limits = [perCluster?.failovers, perCluster?.perMinutes, perFleet?.failovers, perFleet?.perMinutes];
  if (typeof cluster === 'string' && typeof run === 'string' && limits.every((limit) => typeof limit === 'number'))
    return;
  throw ApplicationFailure.nonRetryable(
    'A permit is asked for with {"cluster", "run", "peek", "perCluster": {"failovers", "perMinutes"}, "perFleet": {"failovers", "perMinutes"}}.',
    'INVALID_INPUT',
  );
}
