import { type Preview } from '../../activities';
import { approvalsOf } from '../decisions/approvals';
import { tellRead } from '../decisions/facts';
import { type FailoverPlan, summarise } from '../decisions/plan';
import { type Outcome } from '../decisions/report';
import { type Refusal } from '../decisions/refusal';
import { decideSwitchover, type SwitchoverDecision } from '../decisions/switchover';
import { type SwitchoverOrder } from '../inputs';
import { survey } from './activities';
import { type Runbook } from './runbook';

/** What may be done, or how the run ends without it. */
export type Preflight =
  { readonly seen: Preview; readonly plan: FailoverPlan } | { readonly outcome: Outcome; readonly headline: string };

/** Look from all sides and judge; everything that stands against the move is named at once. Changes nothing. */
export async function preflight(book: Runbook, order: SwitchoverOrder): Promise<Preflight> {
  book.phase('preflight', `${order.cluster} is looked at from all sides`);
  const seen = await preview(book, order);
  book.admit(approvalsOf(seen.cluster).people);
  const decision = decide(order, seen);
  book.found.decisions.push(decision.because);
  if (seen.cannotHold.length > 0) book.found.decisions.push(tellUnheld(seen.cannotHold));
  if (decision.act === 'stand down')
    return { outcome: 'stood down', headline: `Stood down, nothing was changed: ${decision.because}` };
  if (decision.act === 'refuse') return refusal(book, decision.refusals);
  book.found.plan = summarise(decision.plan);
  book.found.oldPrimary = decision.plan.oldPrimary;
  return { seen, plan: decision.plan };
}

export const decide = (order: SwitchoverOrder, seen: Preview): SwitchoverDecision =>
  decideSwitchover({
    ...seen,
    to: order.to ?? null,
    datacentre: order.datacentre ?? null,
    writeGapMs: order.writeGapMs,
    acrossReleases: order.across !== undefined,
  });

export function refusal(book: Runbook, refusals: readonly Refusal[]): { outcome: Outcome; headline: string } {
  book.found.left.push(...refusals.map(({ sentence, cure }) => `${sentence}: ${cure}`));
  return {
    outcome: 'refused',
    headline: `Refused, nothing was changed: ${refusals.map(({ sentence }) => sentence).join('; ')}`,
  };
}

const tellUnheld = (routers: readonly string[]): string =>
  `${routers.join(', ')} cannot hold connections: from the freeze until it leads to the new primary, clients behind it are told of errors instead of waiting`;

const preview = (book: Runbook, order: SwitchoverOrder): Promise<Preview> =>
  book.step(
    'Preflight: look at every member, its settings and grants, and at every router',
    () => survey.previewCluster({ cluster: order.cluster }),
    ({ snapshot }) => tellRead(snapshot),
  );
