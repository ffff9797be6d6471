import { type Deps, knownInstance, serverNamed, stopwatch, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { recordEpoch } from '../replication/epoch';
import { isStillHeld, type Right, withRightToOpen } from '../replication/open-writes';
import { semiSyncStatement } from '../replication/semi-sync';
import { routeWrites } from '../routing/writes';
import { freeze } from './freeze';
import { held, onRouters, type NotBegun, type Pair, type Switched, type SwitchOrder, type Unwitnessed } from './order';
import { releaseRouters } from './release';
import { overtaken, primaryLost, undo, whySilent } from './undo';
import { callWitnesses } from './witness';

/** Above the budget, for what is cheap: claiming the candidate and reading both. */
const BESIDES_MS = 8_000;
/** Less than the time after which a worker that stands still is given up: who comes back later than that claims nothing. */
const CLAIMED_WITHIN_MS = 800;
/** For what follows when it is over: an undo that is worth its name takes a fraction. */
const UNDO_MS = 10_000;

/**
 * The part of a switchover that clients wait for, as one unit: hold, freeze, prove frozen, let the candidate catch up, open it, route, prove.
 * Before the candidate is open every trouble, and a budget that is used up, ends in `undone` with the old primary taking writes again;
 * from then on it goes forward. A later attempt takes the right to open the candidate away from the one before it, and reads what that one
 * left: a candidate that is open is finished, an old primary that is frozen beside a closed candidate is opened again, for its clients
 * have waited long enough. What is found like that by the first attempt is a person's doing, and left alone.
 * Throws PRIMARY_LOST and CANDIDATE_LOST, where there is nowhere to go back to, and what another attempt may mend: an undo that did not
 * hold, a route that failed for the inventory's sake.
 */
export async function switchPrimary(deps: Deps, order: SwitchOrder, attempt: number): Promise<Switched> {
  const watch = stopwatch('switch', deps.checkpoint);
  const pair = {
    from: serverNamed(deps, order.cluster, order.from),
    to: serverNamed(deps, order.cluster, order.to),
    watch,
  };
  const forMs = order.budgetMs + BESIDES_MS;
  const audience = callWitnesses(deps, order.cluster, forMs);
  try {
    const ended = await onwardOrBack(deps, order, { ...pair, audience, mayBeOpen: attempt > 1 }, forMs);
    if (ended.result === 'not begun') return ended;
    // Who comes after one that died has not seen when the silence began.
    return { ...ended, gapMs: attempt === 1 ? await (await audience).gapMs(ended.uuid) : null };
  } finally {
    (await audience).end();
  }
}

/**
 * Whoever has the right to open the old primary decides, and the next attempt takes it before it looks. So one that was given up and goes
 * on later can neither freeze nor open anything.
 */
async function onwardOrBack(
  deps: Deps,
  order: SwitchOrder,
  pair: Pair,
  forMs: number,
): Promise<Unwitnessed | NotBegun> {
  const isFirst = !pair.mayBeOpen;
  // One that hangs would keep us waiting for its lock: dead or not, it is not there to go back to.
  const silence = await whySilent(pair.from);
  if (silence !== null) {
    if (isFirst) return notBegun(pair, silence);
    if (await isOpen(pair.to)) return forward(deps, order, pair);
    return primaryLost(deps, order, silence);
  }
  const ended = await withRightToOpen(pair.from, forMs + 2 * UNDO_MS, async (back) => {
    if (pair.watch.elapsedMs() > CLAIMED_WITHIN_MS) throw overtaken(order.from);
    const because = isFirst ? await whyNotAsSeen(pair) : null;
    return because === null ? tryOnward(deps, order, pair, { back, forMs }) : notBegun(pair, because);
  });
  return ended ?? forward(deps, order, pair);
}

const notBegun = ({ watch }: Pair, because: string): NotBegun => ({
  result: 'not begun',
  because,
  parts: watch.parts(),
});

interface Decision {
  readonly back: Right;
  readonly forMs: number;
}

/** Null when the candidate is open. */
async function tryOnward(
  deps: Deps,
  order: SwitchOrder,
  pair: Pair,
  { back, forMs }: Decision,
): Promise<Unwitnessed | null> {
  const giveUp = async (error: unknown, candidate: Right | null) => {
    pair.watch.mark('giving up');
    // The answer to the statement that opens may be lost: what counts is what the servers say.
    const isOver = pair.mayBeOpen && (await isOpen(pair.to, candidate)) && !(await isOpen(pair.from));
    return isOver ? null : undo(deps, order, pair, { because: words(error), back, candidate });
  };
  const claim = { had: false };
  try {
    return await withRightToOpen(pair.to, forMs + UNDO_MS, async (candidate) => {
      claim.had = true;
      return untilOpen(deps, order, pair, { back, candidate }).then(
        () => null,
        (error: unknown) => giveUp(error, candidate),
      );
    });
  } catch (error) {
    if (claim.had) throw error;
    return giveUp(error, null);
  }
}

async function whyNotAsSeen({ from, to }: Pick<Pair, 'from' | 'to'>): Promise<string | null> {
  try {
    const [frozen, closed] = await Promise.all([isReadOnly(from), isReadOnly(to)]);
    if (frozen) return `${from.name} does not take writes any more: somebody changed that meanwhile`;
    return closed ? null : `${to.name} takes writes already: somebody changed that meanwhile`;
  } catch (error) {
    return words(error);
  }
}

interface Rights {
  readonly back: Right;
  readonly candidate: Right;
}

async function untilOpen(deps: Deps, order: SwitchOrder, pair: Pair, { back, candidate }: Rights): Promise<void> {
  const { cluster, budgetMs } = order;
  const { from, to, watch } = pair;
  // A candidate that cannot be read is not a closed one.
  const [fromClosed, toClosed, uuid] = await Promise.all([
    isReadOnly(from),
    candidate.isClosed(),
    to.value('SELECT @@server_uuid'),
  ]);
  const [fromOpen, toOpen] = [!fromClosed, !toClosed];
  pair.toUuid = String(uuid);
  if (toOpen && !fromOpen) return;
  if (toOpen || !fromOpen) throw diedBefore(order);

  // As a source it would wait for acknowledgements of what it applies; so it becomes one when it has caught up, without a look more.
  const acknowledged = await semiSyncStatement(to, cluster.durability === 'async' ? 'none' : 'source');
  await pair.audience;
  if (!(await goodMoment(from, to, CALM_WITHIN_MS))) throw stalled(order);
  if (!(await isStillHeld(from, back))) throw overtaken(order.from);
  watch.mark('calm');
  await onRouters(deps, order, (router) => router.hold(knownInstance(cluster, order.from)));
  watch.mark('held');
  const held = watch.elapsedMs();
  const left = () => budgetMs - (watch.elapsedMs() - held);
  await goodMoment(from, to, Math.min(MOMENT_WITHIN_MS, budgetMs / 4));
  watch.mark('close behind');

  const frozen = await freeze(from, back, left());
  watch.mark('frozen');
  await Promise.all([frozen.proof, caughtUp(to, frozen.executed, left())]);
  watch.mark('caught up');
  if (acknowledged !== null) await to.run(acknowledged);
  if (left() <= 0) throw overBudget(budgetMs);
  pair.mayBeOpen = true;
  await candidate.open();
  watch.mark('open');
}

/** A candidate whose disk is quick applies a commit in less. */
const MOMENT_MS = 8;
const MOMENT_WITHIN_MS = 500;
/** Before the hold nobody waits for it. */
const CALM_WITHIN_MS = 3_000;

/** Longer than that for one commit is no delay: it does not apply. */
const ONE_WAIT_SECONDS = 1;

/**
 * A moment in which the candidate is close behind, or the end of our patience: what it has not applied when the freeze begins is time in
 * which nobody can write. Until then only new connections wait. False when it applied nothing for a second.
 */
async function goodMoment(from: Mysql, to: Mysql, withinMs: number): Promise<boolean> {
  for (const until = performance.now() + withinMs; performance.now() < until;) {
    const committed = await from.value('SELECT @@global.gtid_executed');
    const asked = performance.now();
    const seconds = Math.min(ONE_WAIT_SECONDS, withinMs / 1000);
    const late = await to.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [committed, seconds]);
    if (performance.now() - asked < MOMENT_MS) return true;
    if (Number(late) !== 0 && seconds === ONE_WAIT_SECONDS) return false;
  }
  return true;
}

const stalled = ({ from, to }: SwitchOrder): RunbookError =>
  new RunbookError({
    code: 'RELAY_LOG_STALLED',
    message: `${to} applied nothing of what ${from} wrote for ${ONE_WAIT_SECONDS} s, before anybody was held`,
    hint: 'Look for what blocks its applier, then start this again.',
  });

const diedBefore = ({ from }: SwitchOrder): RunbookError =>
  new RunbookError({
    code: 'FREEZE_FAILED',
    message: `an attempt before this one died while ${from} was frozen`,
    hint: 'Nothing was moved. Look at the log of the worker that died, then start this again.',
  });

/** Beyond the time that the server was told to wait at most. Clients wait too. */
const ANSWERS_WITHIN_MS = 50;

async function caughtUp(to: Mysql, frozen: string, leftMs: number): Promise<void> {
  if (leftMs <= 0) throw overBudget(leftMs);
  const late = await to
    .value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [frozen, leftMs / 1000], {
      deadlineMs: Math.round(leftMs) + ANSWERS_WITHIN_MS,
    })
    .catch((error: unknown) => {
      // A busy server may say that it waited in vain later than the client stops listening: it is the same answer.
      if (error instanceof RunbookError && error.code === 'HOST_TIMED_OUT')
        throw notApplied(to, ', and gave no answer');
      throw error;
    });
  if (Number(late) !== 0) throw notApplied(to);
}

const notApplied = (to: Mysql, more = ''): RunbookError =>
  new RunbookError({
    code: 'WRITE_GAP_EXCEEDED',
    message: `${to.name} had not applied what the old primary wrote when the write-gap budget was used up${more}`,
    hint: 'Look for what slows its applier, then start this again.',
  });

const overBudget = (budgetMs: number): RunbookError =>
  new RunbookError({
    code: 'WRITE_GAP_EXCEEDED',
    message: `the write-gap budget of ${budgetMs} ms was used up before writes could open`,
    hint: 'The timeline shows what took the time; mend that, or allow more with writeGapMs.',
  });

/** The candidate is open: record it and let clients in, both at once. */
async function forward(deps: Deps, order: SwitchOrder, { to, watch }: Pair): Promise<Unwitnessed> {
  const { cluster, run, minEpoch } = order;
  // One that was given up and goes on later leads nobody to a server that was closed meanwhile.
  const uuid = await to.value('SELECT IF(@@global.read_only, NULL, @@server_uuid)');
  if (typeof uuid !== 'string') throw overtaken(order.to);
  const [epoch, routed] = await Promise.all([
    recordEpoch(to, cluster.schema, uuid, { run, minEpoch }),
    routeWrites(deps, { cluster, primary: order.to, uuid }),
  ]);
  watch.mark('routed');
  const unreleased = (await releaseRouters(deps, held(order))).map(({ router }) => router);
  return { result: 'switched', uuid, epoch, routed, unreleased, parts: watch.parts() };
}

const isReadOnly = async (server: Mysql): Promise<boolean> =>
  Number(await server.value('SELECT @@global.read_only')) === 1;

/** `right`: its own session is asked first, which needs no new connection on a server that is flooded with clients. */
async function isOpen(server: Mysql, right: Right | null = null): Promise<boolean> {
  try {
    const closed = right === null ? isReadOnly(server) : right.isClosed().catch(() => isReadOnly(server));
    return !(await closed);
  } catch {
    return false;
  }
}
