import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type Preview } from '../activities';
import { approvalsOf } from './decisions/approvals';
import { tellRead } from './decisions/facts';
import { type RunbookReport } from './decisions/report';
import { summarise } from './decisions/plan';
import { showMove } from './decisions/shown';
import { decideSwitchover, type SwitchoverDecision } from './decisions/switchover';
import { parseInput, switchoverOrder, type SwitchoverOrder } from './inputs';
import { survey } from './steps/activities';
import { drain } from './steps/drain';
import { openGate } from './steps/approval';
import { unlessCalledOff } from './steps/call-off';
import { type Consent, openConsent } from './steps/consent';
import { keep } from './steps/keep';
import { holdsLock, underLock } from './steps/lock';
import { failureWords, openRunbook, type Runbook } from './steps/runbook';
import { switchOver } from './steps/switch-over';

const form = { workflow: 'plannedSwitchover', example: { cluster: 'orders', to: 'db2' } };

/**
 * Move the primary on purpose. Paper: docs/runbooks/planned-switchover.md, whose step names are used here. Before writes open on the new
 * primary everything that goes wrong is undone, and the old one takes writes again.
 */
export async function plannedSwitchover(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(switchoverOrder, input, form);
  if (!order.dryRun && !holdsLock(order.cluster)) return underLock('plannedSwitchover', order.cluster, order);

  const book = openRunbook('plannedSwitchover', order);
  const consent = openConsent(book, openGate(book, order.requestedBy));
  return unlessCalledOff(book, () => move(book, consent, order));
}

async function move(book: Runbook, consent: Consent, order: SwitchoverOrder): Promise<RunbookReport> {
  book.phase('preflight', `${order.cluster} is looked at from all sides`);
  const seen = await preview(book, order);
  book.admit(approvalsOf(seen.cluster).people);
  const decision = decide(order, seen);
  book.found.decisions.push(decision.because);
  if (seen.cannotHold.length > 0) book.found.decisions.push(tellUnheld(seen.cannotHold));
  if (decision.act === 'stand down')
    return keep(book.close('stood down', `Stood down, nothing was changed: ${decision.because}`));
  if (decision.act === 'refuse') {
    book.found.left.push(...decision.refusals.map(({ sentence, cure }) => `${sentence}: ${cure}`));
    return keep(book.close('refused', `Refused, nothing was changed: ${decision.because}`));
  }
  const { plan } = decision;
  book.found.plan = summarise(plan);
  book.found.oldPrimary = plan.oldPrimary;
  if (order.dryRun) return keep(book.close('planned', plan.summary));
  const agreed = await consent({
    cluster: seen.cluster,
    plan: book.found.plan,
    shown: showMove(plan, order.writeGapMs),
    stillTrue: async () => {
      const now = decide(order, await survey.previewCluster({ cluster: order.cluster }));
      return now.act === 'carry out' && now.plan.hash === plan.hash;
    },
  });
  if (agreed === 'look again') return move(book, consent, order);
  if (agreed !== 'go on') return keep(book.close('rejected', `Not approved, nothing was changed: ${agreed.because}`));

  let inTheWay: string | null;
  try {
    inTheWay = await drain(book, order, seen.cluster, plan.oldPrimary);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return keep(book.close('failed', `Not begun, nothing was changed: ${failureWords(error)}`));
  }
  if (inTheWay !== null) return keep(book.close('refused', `Refused, nothing was changed: ${inTheWay}`));
  const report = await switchOver(book, order, seen, plan);
  return CancellationScope.nonCancellable(() => keep(report));
}

const decide = (order: SwitchoverOrder, seen: Preview): SwitchoverDecision =>
  decideSwitchover({
    ...seen,
    to: order.to ?? null,
    datacentre: order.datacentre ?? null,
    writeGapMs: order.writeGapMs,
  });

const tellUnheld = (routers: readonly string[]): string =>
  `${routers.join(', ')} cannot hold connections: from the freeze until it leads to the new primary, clients behind it are told of errors instead of waiting`;

const preview = (book: Runbook, order: SwitchoverOrder): Promise<Preview> =>
  book.step(
    'Preflight: look at every member, its settings and grants, and at every router',
    () => survey.previewCluster({ cluster: order.cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );
