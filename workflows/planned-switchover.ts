import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { tooLate } from './decisions/appointment';
import { type RunbookReport } from './decisions/report';
import { summarise, tellRisk } from './decisions/plan';
import { showMove } from './decisions/shown';
import { parseInput, switchoverOrder, type SwitchoverOrder } from './inputs';
import { survey } from './steps/activities';
import { beginInTime, isForLater, refuseToWaitUnderLock, tellAppointment } from './steps/appointment';
import { openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { refuseUnlessUpgrade } from './steps/across';
import { type Consent, openConsent, type Proposal } from './steps/consent';
import { drain } from './steps/drain';
import { keep } from './steps/keep';
import { holdsLock, underLock } from './steps/lock';
import { decide, preflight } from './steps/preflight';
import { failureWords, openRunbook, type Runbook } from './steps/runbook';
import { switchOver } from './steps/switch-over';

const form = { workflow: 'plannedSwitchover', example: { cluster: 'orders', to: 'db2' } };

/**
 * Move the primary on purpose, now or at a time. Paper: docs/runbooks/planned-switchover.md, whose step names are used here. Before writes
 * open on the new primary everything that goes wrong is undone, and the old one takes writes again.
 */
export async function plannedSwitchover(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(switchoverOrder, input, form);
  refuseUnlessUpgrade(order);
  const later = isForLater(order) && !order.dryRun;
  if (later) refuseToWaitUnderLock(order);
  else if (!order.dryRun && !holdsLock(order.cluster)) return underLock('plannedSwitchover', order.cluster, order);

  const book = openRunbook('plannedSwitchover', order);
  const consent = openConsent(book, openGate(book, order.requestedBy));
  return unlessCalledOff(book, () => (later ? beginInTime(book, order) : move(book, consent, order)));
}

async function move(book: Runbook, consent: Consent, order: SwitchoverOrder): Promise<RunbookReport> {
  const checked = await preflight(book, order);
  if ('outcome' in checked) return keep(book.close(checked.outcome, checked.headline));
  const { seen, plan } = checked;
  if (order.dryRun) {
    if (isForLater(order)) await tellAppointment(book, order);
    return keep(book.close('planned', plan.summary));
  }
  const late = tooLate(order.notAfter, Date.now());
  if (late !== null) return refuse(book, late);
  const agreed = await agreeTo(book, consent, order, {
    cluster: seen.cluster,
    plan: summarise(plan),
    risks: plan.risks.map(tellRisk),
    shown: showMove(plan, order.writeGapMs),
    stillTrue: async () => {
      if (tooLate(order.notAfter, Date.now()) !== null) return false;
      const now = decide(order, await survey.previewCluster({ cluster: order.cluster }));
      return now.act === 'carry out' && now.plan.hash === plan.hash;
    },
  });
  if (agreed === 'look again') return move(book, consent, order);
  if (agreed !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));

  let inTheWay: string | null;
  try {
    inTheWay = await drain(book, order, seen.cluster, plan.oldPrimary);
    await book.rest(Date.now()); // a pause may outlast its time
    inTheWay ??= tooLate(order.notAfter, Date.now());
  } catch (error) {
    if (isCancellation(error)) throw error;
    return keep(book.close('failed', `Not begun, nothing was changed: ${failureWords(error)}`));
  }
  if (inTheWay !== null) return refuse(book, inTheWay);
  const report = await switchOver(book, order, seen, plan);
  return CancellationScope.nonCancellable(() => keep(report));
}

/** Whoever agreed to the switch of an upgrade has agreed to this one; what is a risk of its own is asked for all the same. */
async function agreeTo(book: Runbook, consent: Consent, { across }: SwitchoverOrder, proposal: Proposal) {
  if (!across || proposal.risks.length > 0) return consent(proposal);
  book.found.approvals.push(`${across.agreed}: the releases may differ, and the old primary stays as the way back`);
  return 'go on' as const;
}

const refuse = (book: Runbook, because: string): Promise<RunbookReport> =>
  keep(book.close('refused', `Refused, nothing was changed: ${because}`));
