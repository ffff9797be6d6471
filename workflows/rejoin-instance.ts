import { type Preview } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { tellRead } from './decisions/facts';
import { decideRejoin } from './decisions/rejoin';
import { planRejoin } from './decisions/rejoin-plan';
import { type RunbookReport } from './decisions/report';
import { parseInput, rejoinOrder, type RejoinOrder } from './inputs';
import { survey } from './steps/activities';
import { type Gate, openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { keep } from './steps/keep';
import { holdsLock, underLock } from './steps/lock';
import { bringBack, refuseOrStandDown } from './steps/rejoin';
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
  return unlessCalledOff(book, () => comeBack(book, gate, order));
}

async function comeBack(book: Runbook, gate: Gate, order: RejoinOrder): Promise<RunbookReport> {
  const seen = await preview(book, order.cluster);
  book.admit(approvalsOf(seen.cluster).people);
  const decision = decideRejoin({ ...seen, instance: order.instance });
  book.found.decisions.push(decision.because);
  if (decision.act === 'stand down' || decision.act === 'refuse')
    return keep(refuseOrStandDown(book, decision, 'nothing was changed'));

  book.found.oldPrimary = decision.primary;
  book.found.plan = planRejoin(seen.cluster, order.instance, decision);
  if (order.dryRun) return keep(book.close('planned', book.found.plan.summary));
  return keep(await bringBack({ book, gate, order, seen }, decision));
}

const preview = (book: Runbook, cluster: string): Promise<Preview> =>
  book.step(
    'Look at every member, its settings, and at every router',
    () => survey.previewCluster({ cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );
