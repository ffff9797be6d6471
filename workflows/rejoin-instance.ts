import { type Preview } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { tellRead } from './decisions/facts';
import { decideRejoin, type RejoinDecision } from './decisions/rejoin';
import { planRejoin, type ToDo } from './decisions/rejoin-plan';
import { type RunbookReport } from './decisions/report';
import { showOf } from './decisions/shown';
import { parseInput, rejoinOrder } from './inputs';
import { survey } from './steps/activities';
import { openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { type Consent, openConsent } from './steps/consent';
import { keep } from './steps/keep';
import { holdsLock, underLock } from './steps/lock';
import { bringBack, refuseOrStandDown } from './steps/rejoin';
import { rebuild } from './steps/rejoin-extras';
import { type Return } from './steps/return';
import { openRunbook, type Runbook } from './steps/runbook';

const form = { workflow: 'rejoinInstance', example: { cluster: 'orders', instance: 'db1' } };

/**
 * A server comes back: the old primary, or a replica that was lost. Paper: docs/runbooks/rejoin-instance.md, whose step names are used
 * here. Nothing is done to the primary, but what a person agreed to: taking over transactions that only the returning server has.
 */
export async function rejoinInstance(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(rejoinOrder, input, form);
  if (!order.dryRun && !holdsLock(order.cluster)) return underLock('rejoinInstance', order.cluster, order);

  const book = openRunbook('rejoinInstance', order);
  const gate = openGate(book, order.requestedBy);
  const consent = openConsent(book, gate);
  return unlessCalledOff(book, () => comeBack({ book, gate, order }, consent));
}

async function comeBack(given: Omit<Return, 'seen'>, consent: Consent): Promise<RunbookReport> {
  const { book, order } = given;
  const seen = await preview(book, order.cluster);
  book.admit(approvalsOf(seen.cluster).people);
  const decision = decideRejoin({ ...seen, instance: order.instance });
  book.found.decisions.push(decision.because);
  if (decision.act === 'refuse' && decision.unless && order.extras === 'rebuild' && !order.dryRun)
    return keep(await rebuild({ ...given, seen }, decision.because));
  if (!isToDo(decision)) return keep(refuseOrStandDown(book, decision, 'nothing was changed'));

  book.found.oldPrimary = decision.primary;
  book.found.plan = planRejoin(seen.cluster, order.instance, decision);
  if (order.dryRun) return keep(book.close('planned', book.found.plan.summary));
  const plan = book.found.plan;
  const agreed = await consent({
    cluster: seen.cluster,
    plan,
    risks: [],
    shown: showOf(plan, 'nothing: what it alone has is copied to a file, and asked about', 'clients do not wait'),
    stillTrue: async () => {
      const now = await survey.previewCluster({ cluster: order.cluster });
      const again = decideRejoin({ ...now, instance: order.instance });
      return isToDo(again) && planRejoin(now.cluster, order.instance, again).hash === plan.hash;
    },
  });
  if (agreed === 'look again') return comeBack(given, consent);
  if (agreed !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));
  return keep(await bringBack({ ...given, seen }, decision));
}

const isToDo = (decision: RejoinDecision): decision is ToDo =>
  decision.act !== 'stand down' && decision.act !== 'refuse';

const preview = (book: Runbook, cluster: string): Promise<Preview> =>
  book.step(
    'Look at every member, its settings, and at every router',
    () => survey.previewCluster({ cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );
