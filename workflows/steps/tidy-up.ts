import { type Sight } from '../../activities';
import { instanceNamed } from '../decisions/cluster';
import { channelOf, readable } from '../decisions/facts';
import { type FailoverPlan } from '../decisions/plan';
import { describeRpo, type RunbookReport } from '../decisions/report';
import { tidy } from './activities';
import { lookAfter } from './applications';
import { attempt, repoint } from './attempts';
import { type Mandate } from './mandate';
import { type Runbook } from './runbook';

/**
 * The new primary is open. Everything here is tried for a while and, where it cannot be done, named as left over; it fails nothing.
 * `unproven`: routers through which no write came. Clients behind them may be without a primary, so such a run is no success.
 */
export async function tidyUp(
  { book, sight }: Mandate,
  plan: FailoverPlan,
  unproven: readonly string[],
): Promise<RunbookReport> {
  const { cluster } = sight;
  const moved = {
    cluster,
    snapshot: sight.sighting.snapshot,
    oldPrimary: plan.oldPrimary,
    newPrimary: plan.newPrimary,
  };
  const applications =
    plan.kind === 'reopen' ? undefined : lookAfter(book, { ...moved, dark: unproven, after: 'failover' });
  await Promise.all([
    ...Object.entries(plan.repoint).map(([replica, source]) => repoint(book, cluster, replica, source)),
    ...restartOthers(book, sight, plan),
    attempt(
      book,
      `Let ${plan.newPrimary} forget that it was a replica`,
      () => tidy.settleNewPrimary({ cluster, name: plan.newPrimary }),
      ({ events }) =>
        events.length > 0 ? `its channel is reset; events enabled: ${events.join(', ')}` : 'its channel is reset',
    ),
    ...(plan.kind === 'reopen' ? [] : [quarantine(book, sight, plan)]),
  ]);
  await attempt(
    book,
    'Point reads at the replicas that follow',
    () =>
      tidy.routeReads({ cluster, primary: plan.newPrimary, without: plan.kind === 'reopen' ? [] : [plan.oldPrimary] }),
    ({ because }) => because,
  );
  nameWhatIsLeft(book, sight, plan);
  await applications;
  const lost = book.found.rpo ? ` RPO: ${describeRpo(book.found.rpo)}.` : '';
  if (unproven.length > 0)
    return book.close(
      'failed',
      `${plan.newPrimary} was opened in place of ${plan.oldPrimary}, but no write came through ${unproven.join(', ')}.${lost}`,
    );
  return book.close(
    'done',
    `${plan.newPrimary} takes writes in place of ${plan.oldPrimary}${book.found.rto ? ` after ${(book.found.rto.totalMs / 1000).toFixed(2)} s` : ''}.${lost}`,
  );
}

/** An intermediate source died: only its replicas are touched. */
export async function reattach({ book, sight, plan }: Mandate): Promise<RunbookReport> {
  book.phase('tidy', plan.summary);
  await Promise.all(
    Object.entries(plan.repoint).map(([replica, source]) => repoint(book, sight.cluster, replica, source)),
  );
  const failed = book.found.left.length > 0;
  return book.close(
    failed ? 'failed' : 'done',
    failed ? `Not every orphan has a source again: ${book.found.left.join('; ')}` : plan.summary,
  );
}

/** The run ends behind the fence without a new primary: give back what can be given back, and say what is not. */
export async function stepBack({ book, sight, plan }: Mandate): Promise<RunbookReport> {
  const { cluster } = sight;
  await Promise.all(restartOthers(book, sight, { ...plan, repoint: {}, newPrimary: '' }));
  if (plan.kind === 'promote')
    book.found.left.push(
      `writes are closed: no router of ${cluster.name} leads to an open server. Decide by hand, then start emergencyFailover again`,
      `if ${plan.oldPrimary} lives it can be the primary again: make it writable, and emergencyFailover points the routers at it`,
    );
  else book.found.left.push(`the routers of ${cluster.name} were not touched; start emergencyFailover again`);
  return book.close('rejected', `Stopped behind the fence without a new primary: ${book.found.approvals.at(-1) ?? ''}`);
}

/** Make a server that was being opened read-only again. */
export const closeAgain = (book: Runbook, { cluster }: Sight, name: string): Promise<void> =>
  attempt(
    book,
    `Close ${name} again`,
    () => tidy.closeServer({ cluster, name }),
    () => 'read-only',
  );

/** Replicas that keep their source had a receiver that we stopped. One that was stopped before we came stays stopped. */
function restartOthers(
  book: Runbook,
  { cluster, sighting }: Sight,
  plan: Pick<FailoverPlan, 'repoint' | 'newPrimary' | 'oldPrimary'>,
): Promise<void>[] {
  return readable(sighting.snapshot.members)
    .filter((member) => ![plan.newPrimary, plan.oldPrimary].includes(member.name) && !(member.name in plan.repoint))
    .filter((member) => channelOf(member) && channelOf(member)?.receiver !== 'stopped')
    .map((member) =>
      attempt(
        book,
        `Let ${member.name} receive again`,
        () => tidy.startReceiving({ cluster, name: member.name }),
        () => 'receives',
      ),
    );
}

async function quarantine(book: Runbook, { cluster }: Sight, plan: FailoverPlan): Promise<void> {
  await attempt(
    book,
    `Quarantine ${plan.oldPrimary}`,
    () => tidy.quarantineOldPrimary({ cluster, oldPrimary: plan.oldPrimary, newPrimary: plan.newPrimary }),
    (kept) => {
      if (!kept.reached)
        book.found.left.push(
          `${plan.oldPrimary} could not be reached (${kept.because}); the watcher makes it read-only as soon as it shows itself`,
        );
      if (kept.file !== null) book.found.lostTransactionFiles.push(kept.file);
      if (kept.extra !== '')
        book.found.left.push(
          `${plan.oldPrimary} alone has ${kept.extra}: decide whether to replay ${kept.file ?? 'them (not copied yet)'}, then rebuild it`,
        );
      return kept.because;
    },
  );
}

function nameWhatIsLeft(book: Runbook, { cluster }: Sight, plan: FailoverPlan): void {
  if (plan.kind !== 'reopen')
    book.found.left.push(
      `${plan.oldPrimary} is out of the cluster: mend it and let it rejoin, or replace it; until then ${cluster.name} is one server short`,
    );
  for (const one of plan.ranking) {
    const errant = one.barred.find((why) => why.startsWith('errant'));
    if (errant && one.name !== plan.newPrimary)
      book.found.left.push(`${one.name} is quarantined as a candidate: ${errant}; rebuild it`);
    const delay = instanceNamed(cluster, one.name)?.delaySeconds ?? 0;
    if (plan.fetchFrom === one.name && delay > 0)
      book.found.left.push(
        `${one.name} gave its last transactions without its delay; the delay of ${delay} s is declared again with its new source`,
      );
  }
}
