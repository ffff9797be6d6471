import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { tooLate } from './decisions/appointment';
import { type RunbookReport } from './decisions/report';
import { parseInput, switchoverOrder, type SwitchoverOrder } from './inputs';
import { beginInTime, isForLater, refuseToWaitUnderLock, tellAppointment } from './steps/appointment';
import { unlessCalledOff } from './steps/call-off';
import { drain } from './steps/drain';
import { keep } from './steps/keep';
import { holdsLock, underLock } from './steps/lock';
import { preflight } from './steps/preflight';
import { failureWords, openRunbook, type Runbook } from './steps/runbook';
import { switchOver } from './steps/switch-over';

const form = { workflow: 'plannedSwitchover', example: { cluster: 'orders', to: 'db2' } };

/**
 * Move the primary on purpose, now or at a time. Paper: docs/runbooks/planned-switchover.md, whose step names are used here. Before writes
 * open on the new primary everything that goes wrong is undone, and the old one takes writes again.
 */
export async function plannedSwitchover(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(switchoverOrder, input, form);
  const later = isForLater(order) && !order.dryRun;
  if (later) refuseToWaitUnderLock(order);
  else if (!order.dryRun && !holdsLock(order.cluster)) return underLock('plannedSwitchover', order.cluster, order);

  const book = openRunbook('plannedSwitchover', order);
  return unlessCalledOff(book, () => (later ? beginInTime(book, order) : move(book, order)));
}

async function move(book: Runbook, order: SwitchoverOrder): Promise<RunbookReport> {
  const checked = await preflight(book, order);
  if ('outcome' in checked) return keep(book.close(checked.outcome, checked.headline));
  const { seen, plan } = checked;
  if (order.dryRun) {
    if (isForLater(order)) await tellAppointment(book, order);
    return keep(book.close('planned', plan.summary));
  }

  let inTheWay: string | null;
  try {
    inTheWay =
      tooLate(order.notAfter, Date.now()) ??
      (await drain(book, order, seen.cluster, plan.oldPrimary)) ??
      tooLate(order.notAfter, Date.now());
  } catch (error) {
    if (isCancellation(error)) throw error;
    return keep(book.close('failed', `Not begun, nothing was changed: ${failureWords(error)}`));
  }
  if (inTheWay !== null) return keep(book.close('refused', `Refused, nothing was changed: ${inTheWay}`));
  // Whoever cancels from here on waits for the end or the undoing: a change that stops in the middle helps nobody.
  return CancellationScope.nonCancellable(async () => keep(await switchOver(book, order, seen, plan)));
}
