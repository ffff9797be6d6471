import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { channelOf, readable, tellRead } from '../decisions/facts';
import { decideRejoin, primaryIsWell, type RejoinDecision } from '../decisions/rejoin';
import { type RunbookReport } from '../decisions/report';
import { sourceOf } from '../decisions/topology';
import { look, tidy } from './activities';
import { attempt } from './attempts';
import { byWhom } from './call-off';
import { settleExtras } from './rejoin-extras';
import { firm, type Return } from './return';
import { failureWords, type Runbook } from './runbook';

/** The primary is in trouble: whoever replaces it needs the cluster's lock now. */
class StandAside extends Error {}

/** Positions settle within two or three looks; more means that somebody works against us. */
const MOST_ROUNDS = 8;
const AGAIN = 'start rejoinInstance again: it goes on from what is there';

/**
 * From the first change to the report. What stands next is judged anew after each step, so a run that is started again goes on from what
 * the one before it left. A step that is under way is never cut off; between two, and while it catches up, a run can be cancelled.
 */
export async function bringBack(given: Return, first: RejoinDecision): Promise<RunbookReport> {
  const { book, order } = given;
  try {
    await keepReadsAway(given, first);
    const ended = await settlePosition(given, first);
    return ended ?? (await follow(given, primaryOf(first)));
  } catch (error) {
    if (isCancellation(error)) {
      book.found.left.push(AGAIN);
      return book.close('failed', `Called off${byWhom(book)} before ${order.instance} was a replica like every other`);
    }
    return CancellationScope.nonCancellable(() => endOf(given, first, error));
  }
}

/** A step did not succeed. Where the primary is the reason, this is no failure: others need the lock, and soon. */
async function endOf({ book, order, seen }: Return, first: RejoinDecision, error: unknown): Promise<RunbookReport> {
  const primary = primaryOf(first);
  book.found.left.push(AGAIN);
  const well =
    !(error instanceof StandAside) &&
    (await look.readMembers({ cluster: seen.cluster, without: [] }).then(
      (snapshot) => primaryIsWell(snapshot, primary),
      () => true,
    ));
  return well
    ? book.close('failed', `${order.instance} is not back: ${failureWords(error)}`)
    : book.close('stood down', `Stood aside, ${primary} is not well: ${order.instance} is left as it is`);
}

export function refuseOrStandDown(
  book: Runbook,
  decision: Extract<RejoinDecision, { act: 'stand down' | 'refuse' }>,
  changed: string,
): RunbookReport {
  if (decision.act === 'stand down') return book.close('stood down', `Stood down, ${changed}: ${decision.because}`);
  book.found.left.push(...decision.refusals.map(({ sentence, cure }) => `${sentence}: ${cure}`));
  return book.close('refused', `Refused, ${changed}: ${decision.because}`);
}

/** Until nothing but following is left to do. Returns the report where it ends before. */
async function settlePosition(given: Return, first: RejoinDecision): Promise<RunbookReport | null> {
  const { book, order, seen } = given;
  const { instance } = order;
  let decision = first;
  let closed = false;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // Whatever was missing at the first look may have been mended by the first step: the rest is read back all the same.
    if (decision.act === 'stand down') return null;
    if (decision.act === 'refuse') return refuseOrStandDown(book, decision, `${instance} is read-only`);
    const { act, primary } = decision;
    if (act === 'follow' && closed) return null;
    if (act === 'close' || act === 'settle extras') {
      const ended = await settleExtras(given, primary);
      if (ended) return ended;
    } else if (act === 'apply') {
      await come(given, primary, 'apply');
    } else {
      // Before it follows: what it holds is known for sure only when nobody at all can write there.
      await firm(
        book,
        `Make ${instance} read-only for good`,
        () => tidy.closeForGood({ cluster: seen.cluster, instance, primary }),
        ({ because }) => because,
      );
      closed = true;
    }
    decision = await judgeAgain(given, primary);
  }
  throw new Error(`${instance} was looked at ${MOST_ROUNDS} times and is never as it was left`);
}

async function judgeAgain({ book, order, seen }: Return, primary: string): Promise<RejoinDecision> {
  const snapshot = await book.step(
    `Look again at ${order.instance}`,
    () => look.readMembers({ cluster: seen.cluster, without: [] }),
    tellRead,
  );
  if (!primaryIsWell(snapshot, primary)) throw new StandAside();
  const decision = decideRejoin({ ...seen, snapshot, instance: order.instance });
  book.found.decisions.push(decision.because);
  return decision;
}

async function follow({ book, order, seen }: Return, primary: string): Promise<RunbookReport> {
  const { cluster } = seen;
  const { instance } = order;
  await firm(
    book,
    `Repoint ${instance} to ${primary}`,
    () => tidy.repointReplica({ cluster, replica: instance, source: primary }),
    ({ result }) => (result === 'already' ? 'it followed already' : 'follows'),
  );
  await come({ book, order, seen }, primary, 'follow');
  const { left } = await firm(
    book,
    `Lift the quarantine of ${instance}, read its settings back`,
    () => tidy.settleRejoined({ cluster, instance, primary }),
    ({ lifted }) => `super_read_only${lifted ? ', offline_mode is off again' : ''}`,
  );
  book.found.left.push(...left);
  await attempt(
    book,
    'Point reads at the replicas that follow',
    () => CancellationScope.nonCancellable(() => tidy.routeReads({ cluster, primary, without: [] })),
    ({ because }) => because,
  );
  return book.close('done', `${instance} replicates from ${primary} again and has caught up`);
}

/** As far as the goal says, activity after activity: a day's backlog holds the lock, but never while the primary is in trouble. */
async function come(
  { book, order, seen }: Omit<Return, 'gate'>,
  primary: string,
  goal: 'apply' | 'follow',
): Promise<void> {
  const { instance } = order;
  const doing =
    goal === 'apply' ? `${instance} applies what it has received` : `${instance} catches up with ${primary}`;
  book.phase(goal, doing);
  await book.step(
    goal === 'apply' ? `Apply what ${instance} has received` : `Let ${instance} catch up with ${primary}`,
    async () => {
      for (;;) {
        const now = await tidy.advance({ cluster: seen.cluster, instance, primary, goal });
        if (!now.primaryWell) throw new StandAside();
        if (now.reached) return now;
        book.phase(goal, `${doing}: ${now.left} transactions are left`);
      }
    },
    ({ left }) => (left === 0 ? 'within a heartbeat' : `${left} transactions wait for its declared delay`),
  );
}

/** A router may still send reads to a server that was lost: they would be answered with what was true then. */
async function keepReadsAway({ book, order, seen }: Return, first: RejoinDecision): Promise<void> {
  const { instance } = order;
  const me = readable(seen.snapshot.members).find(({ name }) => name === instance);
  const channel = me && channelOf(me);
  const follows =
    me && sourceOf(seen.snapshot.members, me)?.name === primaryOf(first) && channel?.applier === 'running';
  if (follows || !seen.routers.some(({ readers = [] }) => readers.includes(instance))) return;
  await attempt(
    book,
    `Keep reads away from ${instance} until it has caught up`,
    () => tidy.routeReads({ cluster: seen.cluster, primary: primaryOf(first), without: [instance] }),
    ({ because }) => because,
  );
}

const primaryOf = (decision: RejoinDecision): string => ('primary' in decision ? decision.primary : '');
