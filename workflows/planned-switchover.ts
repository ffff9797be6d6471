import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { tooLate } from './decisions/appointment';
import { type Cluster } from './decisions/cluster';
import { type FailoverPlan, tellRisk } from './decisions/plan';
import { type RunbookReport } from './decisions/report';
import { type Answer } from './decisions/votes';
import { parseInput, switchoverOrder, type SwitchoverOrder } from './inputs';
import { beginInTime, isForLater, refuseToWaitUnderLock, tellAppointment } from './steps/appointment';
import { type Gate, openGate } from './steps/approval';
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
  const gate = openGate(book);
  return unlessCalledOff(book, () => (later ? beginInTime(book, order) : move(book, gate, order)));
}

/** `agreedTo`: hash of the plan whose risks a person has agreed to; what was seen before the answer is looked at anew. */
async function move(book: Runbook, gate: Gate, order: SwitchoverOrder, agreedTo = ''): Promise<RunbookReport> {
  const checked = await preflight(book, order);
  if ('outcome' in checked) return keep(book.close(checked.outcome, checked.headline));
  const { seen, plan } = checked;
  if (order.dryRun) {
    if (isForLater(order)) await tellAppointment(book, order);
    return keep(book.close('planned', plan.summary));
  }
  if (plan.risks.length > 0 && plan.hash !== agreedTo) {
    const answer = await askAbout(book, gate, seen.cluster, plan);
    if (answer.verdict === 'approved') return move(book, gate, order, plan.hash);
    return keep(book.close('rejected', `Not approved, nothing was changed: ${tellAnswer(answer)}`));
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

function askAbout(book: Runbook, gate: Gate, cluster: Cluster, plan: FailoverPlan): Promise<Answer> {
  book.phase('approval', `${plan.summary}: waiting for approval`);
  return gate.ask(`${plan.summary}?`, plan.risks.map(tellRisk), plan.hash, cluster.failover.approvalMinutes);
}

const tellAnswer = ({ by, reason }: Answer): string => (by ? `${by} rejected it: ${reason}` : reason);
