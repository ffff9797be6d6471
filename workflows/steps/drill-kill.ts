import { type LastSeen } from '../decisions/evidence';
import { newestEpoch, readable } from '../decisions/facts';
import { type RunbookReport } from '../decisions/report';
import { drill, ledger } from './activities';
import { applicationsLeft } from './drill-check';
import { asOrdered, carryOut, type RunEnd } from './drill-runs';
import { type Rehearsal } from './rehearsal';
import { failureWords } from './runbook';

/** Kill the primary, and wait for the end of a failover that somebody else begins. When nobody does, begin it: that is a drill that missed. */
export async function killAndWait(rehearsal: Rehearsal): Promise<RunEnd> {
  const { book, allowed, policy, assertions } = rehearsal;
  const { cluster, primary } = allowed.seen;
  const before = (await drill.lastChange({ cluster: cluster.name }))?.run ?? null;
  const { snapshot } = allowed.seen;
  let lastSeen: LastSeen | null;
  try {
    const acknowledgers = readable(snapshot.members)
      .filter(({ semiSync }) => semiSync.replicaActive)
      .map(({ name }) => name);
    const order = { cluster, name: primary, run: book.run, acknowledgers, epoch: newestEpoch(snapshot) };
    ({ lastSeen } = await book.step(
      `Kill ${primary}`,
      () => drill.killServer(order),
      ({ how }) => how,
    ));
  } catch (error) {
    const headline = `${primary} was not killed: ${failureWords(error)}`;
    assertions.push({ holds: false, measured: false, sentence: headline });
    return { outcome: 'failed', headline, newPrimary: null, left: [] };
  }
  const end = await failoverOf(rehearsal, before, { withinSeconds: policy.noticeSeconds, lastSeen });
  if (end.outcome !== 'done')
    assertions.push({ holds: false, measured: true, sentence: `the failover ended otherwise: ${end.headline}` });
  assertions.push(...applicationsLeft(end, allowed));
  return end;
}

/** A run that stands down at its first look is followed by another of the same watcher. */
const FAILOVERS = 5;

interface Noticing {
  readonly withinSeconds: number;
  /** A server that a supervisor has started again is told by it from one that somebody closed. */
  readonly lastSeen: LastSeen | null;
}

async function failoverOf(
  rehearsal: Rehearsal,
  before: string | null,
  { withinSeconds, lastSeen }: Noticing,
): Promise<RunEnd> {
  const { book, order, allowed, assertions } = rehearsal;
  const cluster = allowed.seen.cluster.name;
  let last: RunEnd | null = null;
  let after = before;
  for (let runs = 0; runs < FAILOVERS; runs += 1) {
    const found = await book.step(
      'Wait until somebody fails over',
      () => drill.awaitFailover({ cluster, after, withinSeconds }),
      (run) => (run === null ? `nobody did within ${withinSeconds} s` : `run ${run.run}`),
    );
    if (found === null) break;
    after = found.run;
    const report: RunbookReport | null = await drill.awaitReport({ cluster, run: found.run });
    // A drill is no sign of trouble: the next real failover may still go on by itself.
    await ledger.returnPermit(found.run).catch(() => undefined);
    last = report ?? {
      outcome: 'failed',
      headline: `run ${found.run} ended without a report`,
      newPrimary: null,
      left: [],
    };
    if (last.outcome === 'done') return last;
  }
  const sentence =
    last === null
      ? `nobody began a failover within ${withinSeconds} s: the drill did`
      : `no failover came to its end by itself (${last.headline}): the drill began another`;
  assertions.push({ holds: false, measured: true, sentence });
  const watcher = { noticedAt: new Date().toISOString(), because: 'the drill killed the primary', lastSeen };
  const input = { cluster, ...asOrdered(order, book), watcher };
  return carryOut(book, 'Fail over, for nobody noticed', 'emergencyFailover', input);
}

/** The killed server runs again and follows. False = it does not, and the first state cannot be put back. */
export async function reviveAndRejoin({ book, order, allowed, policy, assertions }: Rehearsal): Promise<boolean> {
  const { cluster, primary } = allowed.seen;
  const giveUp = (because: string): false => {
    assertions.push({ holds: false, measured: false, sentence: `the first state is not back: ${because}` });
    book.found.left.push(
      `bring ${primary} back (rejoinInstance, or rebuild it), then make it the primary again (plannedSwitchover)`,
    );
    return false;
  };
  try {
    await book.step(
      `Start ${primary} again`,
      () => drill.startServer({ cluster, name: primary, run: book.run }),
      (how) => how,
    );
  } catch (error) {
    return giveUp(failureWords(error));
  }
  const input = { cluster: cluster.name, instance: primary, extras: policy.extras, ...asOrdered(order, book) };
  const end = await carryOut(book, `Let ${primary} rejoin`, 'rejoinInstance', input);
  return end.outcome === 'done' || end.outcome === 'stood down' ? true : giveUp(end.headline);
}
