import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { type Preview, type Routed, type Switched } from '../../activities';
import { tellCaughtUp } from '../decisions/caught-up';
import { newestEpoch } from '../decisions/facts';
import { tellLingering } from '../decisions/lingering';
import { type FailoverPlan } from '../decisions/plan';
import { type Outcome, type RunbookReport } from '../decisions/report';
import { unreached } from '../decisions/unreachable';
import { type SwitchoverOrder } from '../inputs';
import { careful, critical, emergency, tidy } from './activities';
import { lookAfter } from './applications';
import { attempt, repoint } from './attempts';
import { byWhom } from './call-off';
import { firm } from './return';
import { nameUnproven, tellRouted, unproven } from './route';
import { failureWords, type Runbook } from './runbook';

/** From the last preparations to the report. Whoever calls it off before anybody waits has the preparations undone; then it goes on to its end. */
export async function switchOver(
  book: Runbook,
  order: SwitchoverOrder,
  seen: Preview,
  plan: FailoverPlan,
): Promise<RunbookReport> {
  const { cluster } = seen;
  const { oldPrimary, newPrimary } = plan;
  const stepBack = async (headline: string, outcome: Outcome = 'failed'): Promise<RunbookReport> => {
    await book.nobodyWaits();
    await Promise.all(below(plan).map((name) => repoint(book, cluster, name, oldPrimary)));
    return book.close(outcome, headline);
  };

  book.phase('prepare', 'what is slow is done before anybody waits');
  try {
    // The new primary's first commit finds someone to acknowledge it, and nobody has to be moved while clients wait.
    for (const name of below(plan)) await move(book, seen, name, newPrimary);
    await book.step(
      `Let ${newPrimary} catch up with ${oldPrimary}`,
      () => careful.catchUp({ cluster, primary: oldPrimary, candidate: newPrimary }),
      tellCaughtUp,
    );
    await book.noWayBack();
  } catch (error) {
    const before = `${oldPrimary} is the primary as before`;
    return CancellationScope.nonCancellable(() =>
      isCancellation(error)
        ? stepBack(`Called off${byWhom(book)}, ${before}`, 'rejected')
        : stepBack(`Not begun, ${before}: ${failureWords(error)}`),
    );
  }
  // Whoever cancels from here on waits for the end or the undoing: a change that stops in the middle helps nobody.
  return CancellationScope.nonCancellable(() => switchNow(book, order, seen, plan, stepBack));
}

async function switchNow(
  book: Runbook,
  order: SwitchoverOrder,
  seen: Preview,
  plan: FailoverPlan,
  stepBack: (headline: string) => Promise<RunbookReport>,
): Promise<RunbookReport> {
  const { oldPrimary, newPrimary } = plan;
  book.phase('switch', `${oldPrimary} is frozen, ${newPrimary} is opened`);
  let switched: Switched;
  try {
    switched = await book.step(
      `Hold, freeze ${oldPrimary}, open ${newPrimary}, route and prove`,
      () => critical.switchPrimary(orderOf(book, order, seen, plan)),
      (done) => (done.result === 'switched' ? `open as epoch ${done.epoch}` : `${done.result}: ${done.because}`),
    );
  } catch (error) {
    book.found.left.push(
      `look at ${oldPrimary} and ${newPrimary} now, then start emergencyFailover: it finishes or repairs`,
    );
    return book.close('failed', `Neither done nor undone: ${failureWords(error)}`);
  }
  if (switched.result === 'not begun')
    return stepBack(`Not begun, nothing but the replicas' source was touched: ${switched.because}`);
  if (switched.result === 'undone') {
    book.found.left.push(...switched.left);
    return stepBack(`Undone, ${oldPrimary} takes writes again${tellGap(switched.gapMs)}: ${switched.because}`);
  }
  return tidyUp(book, seen, plan, switched);
}

/** Who copies from the new primary before clients wait; the old one follows only later. */
const below = ({ repoint: sources, oldPrimary }: FailoverPlan): string[] =>
  Object.keys(sources).filter((name) => name !== oldPrimary);

const move = (book: Runbook, { cluster }: Preview, replica: string, source: string): Promise<unknown> =>
  firm(
    book,
    `Repoint ${replica} to ${source}`,
    async () => {
      const repointed = await careful.repointReplica({ cluster, replica, source });
      await careful.awaitReceiver({ cluster, replica });
      return repointed;
    },
    ({ result }) => (result === 'already' ? 'it followed already' : 'follows'),
  );

function orderOf(book: Runbook, order: SwitchoverOrder, seen: Preview, plan: FailoverPlan) {
  const { cluster, snapshot, settings } = seen;
  const away = unreached(seen.routers);
  return {
    // Nobody waits for a router that is gone on without; it is tried when the others lead to the new primary.
    cluster: { ...cluster, routers: cluster.routers.filter(({ name }) => !away.includes(name)) },
    from: plan.oldPrimary,
    to: plan.newPrimary,
    below: below(plan),
    run: book.run,
    minEpoch: newestEpoch(snapshot) + 1,
    budgetMs: order.writeGapMs,
    settings,
  };
}

/** The new primary is open and proven. What is left is tried for a while and named where it cannot be done. */
async function tidyUp(
  book: Runbook,
  seen: Preview,
  { oldPrimary, newPrimary }: FailoverPlan,
  switched: Extract<Switched, { result: 'switched' }>,
): Promise<RunbookReport> {
  const { cluster, snapshot } = seen;
  book.found.newPrimary = newPrimary;
  await book.nobodyWaits();
  book.phase('tidy', `${newPrimary} takes writes; the rest is tidied up`);
  await attempt(
    book,
    `Close the sessions that clients have left on ${oldPrimary}`,
    () => tidy.endSessions({ cluster, name: oldPrimary }),
    (closed) => (closed.length > 0 ? closed.map(tellLeftOver).join(', ') : 'there is none'),
  );
  const routed = await routeRest(book, seen, newPrimary, switched);
  const dark = unproven(routed);
  const applications = lookAfter(book, { cluster, snapshot, oldPrimary, newPrimary, dark, after: 'switchover' });
  await attempt(
    book,
    `Let ${newPrimary} forget that it was a replica`,
    () => tidy.settleNewPrimary({ cluster, name: newPrimary }),
    ({ events }) => (events.length > 0 ? `events enabled: ${events.join(', ')}` : 'its channel is reset'),
  );
  await repoint(book, cluster, oldPrimary, newPrimary);
  await attempt(
    book,
    'Point reads at the replicas that follow',
    () => tidy.routeReads({ cluster, primary: newPrimary, without: [] }),
    ({ because }) => because,
  );
  if (switched.unreleased.length > 0) await release(book, seen, oldPrimary, switched.unreleased);
  nameUnproven(book, routed);
  for (const sentence of tellLingering(routed.routers, oldPrimary))
    book.found.decisions.push(`${sentence}; it stays super_read_only and tells them so`);
  await applications;
  return dark.length > 0
    ? book.close(
        'failed',
        `${newPrimary} is the primary in place of ${oldPrimary}, but no write came through ${dark.join(', ')}`,
      )
    : book.close('done', `${newPrimary} is the primary in place of ${oldPrimary}${tellGap(switched.gapMs)}`);
}

/** Those that could not be reached at the preflight: they may be back, and are named where they are not. */
async function routeRest(
  book: Runbook,
  { cluster, routers: views }: Preview,
  primary: string,
  { routed, uuid }: Extract<Switched, { result: 'switched' }>,
): Promise<Routed> {
  const away = unreached(views);
  if (away.length === 0) return routed;
  const rest = { ...cluster, routers: cluster.routers.filter(({ name }) => away.includes(name)) };
  const late = await book
    .step(
      `Point ${away.join(', ')} at ${primary} and prove it by a write`,
      () => emergency.routeWrites({ cluster: rest, primary, uuid }),
      tellRouted,
    )
    .catch((error: unknown) => ({
      routers: away.map((router) => ({ router, proved: false, elapsedMs: 0, because: `${failureWords(error)}.` })),
    }));
  return { ...routed, routers: [...routed.routers, ...late.routers] };
}

const tellLeftOver = ({ user, sessions }: { readonly user: string; readonly sessions: number }): string =>
  `${sessions} of ${user}`;

/** A hold that stays would let next to nobody in on the day when this server is the primary again. */
const release = (
  book: Runbook,
  { cluster, settings }: Preview,
  held: string,
  routers: readonly string[],
): Promise<void> =>
  attempt(
    book,
    `End the hold of ${held} at ${routers.join(', ')}`,
    () => tidy.releaseRouters({ cluster, held, routers, settings }),
    () => 'released',
  );

/** As our own clients behind the routers saw it. */
const tellGap = (gapMs: number | null): string => (gapMs === null ? '' : `; clients waited ${gapMs} ms`);
