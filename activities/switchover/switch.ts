import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, knownInstance, serverNamed, stopwatch, type Stopwatch, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { recordEpoch } from '../replication/epoch';
import { openWrites, withRightToOpen } from '../replication/open-writes';
import { repointReplica } from '../replication/repoint';
import { semiSyncStatement } from '../replication/semi-sync';
import { type RouterSettings } from '../routing/control';
import { onAllRouters, openRouter } from '../routing/router';
import { routeWrites, type Routed } from '../routing/writes';
import { freeze } from './freeze';
import { releaseLeft, type ReleaseOrder, releaseRouters } from './release';
import { refuseIfMoved } from './moved';
import { callWitnesses } from './witness';

export interface SwitchOrder {
  readonly cluster: Cluster;
  readonly from: string;
  readonly to: string;
  /** Replicas that were pointed at the candidate beforehand. */
  readonly below: readonly string[];
  /** Run id, kept in the epoch row. */
  readonly run: string;
  /** Higher than every epoch that was seen. */
  readonly minEpoch: number;
  /** From the hold to the moment before writes open. What takes longer is undone. */
  readonly budgetMs: number;
  /** What a hold changes, as each router had it before, by router name. */
  readonly settings: Readonly<Record<string, RouterSettings>>;
}

/** `gapMs`: how long clients behind the routers had nothing acknowledged; null where that was not seen. */
export type Switched =
  | {
      readonly result: 'switched';
      readonly uuid: string;
      readonly epoch: number;
      readonly routed: Routed;
      /** Routers that may hold the old primary still: who is away keeps nobody else waiting. */
      readonly unreleased: readonly string[];
      readonly gapMs: number | null;
      readonly parts: readonly StepPart[];
    }
  | {
      readonly result: 'undone';
      /** server_uuid of the old primary, which takes writes again. */
      readonly uuid: string;
      readonly because: string;
      /** What somebody must look at all the same. */
      readonly left: readonly string[];
      readonly gapMs: number | null;
      readonly parts: readonly StepPart[];
    }
  | { readonly result: 'not begun'; readonly because: string; readonly parts: readonly StepPart[] };

/** Above the budget, for what is cheap: claiming the candidate and reading both. */
const BESIDES_MS = 5_000;

/**
 * The part of a switchover that clients wait for, as one unit: hold, freeze, prove frozen, let the candidate catch up, open it, route, prove.
 * Before the candidate is open every trouble, and a budget that is used up, ends in `undone` with the old primary taking writes again;
 * from then on it goes forward. A later attempt takes the right to open the candidate away from the one before it, and reads what that one
 * left: a candidate that is open is finished, an old primary that is frozen beside a closed candidate is opened again, for its clients
 * have waited long enough. What is found like that by the first attempt is a person's doing, and left alone.
 * Throws only what another attempt may mend: an undo that did not hold, a route that failed for the inventory's sake.
 */
export async function switchPrimary(deps: Deps, order: SwitchOrder, attempt: number): Promise<Switched> {
  const watch = stopwatch('switch', deps.checkpoint);
  const pair = {
    from: serverNamed(deps, order.cluster, order.from),
    to: serverNamed(deps, order.cluster, order.to),
    watch,
  };
  if (attempt === 1 && !(await isAsSeen(pair)))
    return {
      result: 'not begun',
      because: `${order.from} does not take writes any more, or ${order.to} does already: somebody changed that meanwhile`,
      parts: watch.parts(),
    };
  const forMs = order.budgetMs + BESIDES_MS;
  const witnesses = await callWitnesses(deps, order.cluster, forMs);
  try {
    const ended = await onwardOrBack(deps, order, { ...pair, mayBeOpen: attempt > 1 }, forMs);
    // Who comes after one that died has not seen when the silence began.
    return { ...ended, gapMs: attempt === 1 ? await witnesses.gapMs(ended.uuid) : null };
  } finally {
    witnesses.end();
  }
}

type Ended = Exclude<Switched, { result: 'not begun' }>;
type Unwitnessed =
  Omit<Extract<Ended, { result: 'switched' }>, 'gapMs'> | Omit<Extract<Ended, { result: 'undone' }>, 'gapMs'>;

async function onwardOrBack(deps: Deps, order: SwitchOrder, pair: Pair, forMs: number): Promise<Unwitnessed> {
  try {
    await withRightToOpen(pair.to, forMs, (open) =>
      untilOpen(deps, order, pair, () => {
        pair.mayBeOpen = true;
        return open();
      }),
    );
  } catch (error) {
    pair.watch.mark('giving up');
    // The answer to the statement that opens may be lost: what counts is what the servers say.
    const isOver = pair.mayBeOpen && (await isOpen(pair.to)) && !(await isOpen(pair.from));
    if (!isOver) return undo(deps, order, words(error), pair);
  }
  return forward(deps, order, pair);
}

interface Pair {
  readonly from: Mysql;
  readonly to: Mysql;
  readonly watch: Stopwatch;
  /** This attempt or one before it may have told the candidate to open. While nobody has, it is closed whether it answers or not. */
  mayBeOpen: boolean;
}

const isAsSeen = ({ from, to }: Pick<Pair, 'from' | 'to'>): Promise<boolean> =>
  Promise.all([isReadOnly(from), isReadOnly(to)]).then(
    ([frozen, closed]) => !frozen && closed,
    () => false,
  );

async function untilOpen(
  deps: Deps,
  order: SwitchOrder,
  { from, to, watch }: Pair,
  open: () => Promise<void>,
): Promise<void> {
  const { cluster, budgetMs } = order;
  const [fromOpen, toOpen] = await Promise.all([isOpen(from), isOpen(to)]);
  if (toOpen && !fromOpen) return;
  if (toOpen || !fromOpen) throw diedBefore(order);

  // As a source it would wait for acknowledgements of what it applies; so it becomes one when it has caught up, without a look more.
  const acknowledged = await semiSyncStatement(to, cluster.durability === 'async' ? 'none' : 'source');
  await onRouters(deps, order, (router) => router.hold(knownInstance(cluster, order.from)));
  watch.mark('held');
  const held = watch.elapsedMs();
  const left = () => budgetMs - (watch.elapsedMs() - held);
  await goodMoment(from, to, Math.min(MOMENT_WITHIN_MS, budgetMs / 4));
  watch.mark('close behind');

  const frozen = await freeze(from, left());
  watch.mark('frozen');
  await Promise.all([frozen.proof, caughtUp(to, frozen.executed, left())]);
  watch.mark('caught up');
  if (acknowledged !== null) await to.run(acknowledged);
  if (left() <= 0) throw overBudget(budgetMs);
  await open();
  watch.mark('open');
}

/** A candidate whose disk is quick applies a commit in less. */
const MOMENT_MS = 8;
const MOMENT_WITHIN_MS = 500;

/**
 * A moment in which the candidate is close behind, or the end of our patience: what it has not applied when the freeze begins is time in
 * which nobody can write. Until then only new connections wait.
 */
async function goodMoment(from: Mysql, to: Mysql, withinMs: number): Promise<void> {
  for (const until = performance.now() + withinMs; performance.now() < until;) {
    const committed = await from.value('SELECT @@global.gtid_executed');
    const asked = performance.now();
    await to.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [committed, withinMs / 1000]);
    if (performance.now() - asked < MOMENT_MS) return;
  }
}

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
  const late = await to.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [frozen, leftMs / 1000], {
    deadlineMs: leftMs + ANSWERS_WITHIN_MS,
  });
  if (Number(late) === 0) return;
  throw new RunbookError({
    code: 'WRITE_GAP_EXCEEDED',
    message: `${to.name} had not applied what the old primary wrote when the write-gap budget was used up`,
    hint: 'Look for what slows its applier, then start this again.',
  });
}

const overBudget = (budgetMs: number): RunbookError =>
  new RunbookError({
    code: 'WRITE_GAP_EXCEEDED',
    message: `the write-gap budget of ${budgetMs} ms was used up before writes could open`,
    hint: 'The timeline shows what took the time; mend that, or allow more with writeGapMs.',
  });

/** The candidate is open: record it and let clients in, both at once. */
async function forward(deps: Deps, order: SwitchOrder, { to, watch }: Pair): Promise<Unwitnessed> {
  const { cluster, run, minEpoch } = order;
  const uuid = String(await to.value('SELECT @@server_uuid'));
  const [epoch, routed] = await Promise.all([
    recordEpoch(to, cluster.schema, uuid, { run, minEpoch }),
    routeWrites(deps, { cluster, primary: order.to, uuid }),
  ]);
  watch.mark('routed');
  const unreleased = (await releaseRouters(deps, held(order))).map(({ router }) => router);
  return { result: 'switched', uuid, epoch, routed, unreleased, parts: watch.parts() };
}

/**
 * The candidate closed for sure where it answers, the old primary open, the routers at it: in this order, so that never two take writes.
 * Nobody waits for the answer of a candidate that was never told to open; one that was may have taken writes, and then there is no way back.
 */
async function undo(deps: Deps, order: SwitchOrder, because: string, pair: Pair): Promise<Unwitnessed> {
  const { from, to, watch, mayBeOpen } = pair;
  const closing = to.run('SET GLOBAL super_read_only = ON', [], { deadlineMs: CLOSE_WITHIN_MS }).then(
    () => true,
    () => false,
  );
  if (mayBeOpen) await refuseIfMoved(deps, order, await closing);
  const followed = followAgain(deps, order);
  await openWrites(from);
  watch.mark('open again');
  await onRouters(deps, order, (router) => router.pointWritesTo(knownInstance(order.cluster, order.from)));
  // The old primary's clients wait: another attempt mends what this one could not.
  await releaseLeft(deps, held(order));
  await followed;
  watch.mark('undone');
  const uuid = String(await from.value('SELECT @@server_uuid'));
  const left =
    (await closing) || !mayBeOpen
      ? []
      : [
          `${order.to} did not answer when it was closed again, and may take writes when it comes back: no router leads to it; set super_read_only there before anything else`,
        ];
  return { result: 'undone', uuid, because, left, parts: watch.parts() };
}

/**
 * The old primary may be left without anybody who acknowledges its commits: the candidate is gone perhaps, and the others copy from it.
 * What cannot be done in a moment is left to the runbook, which points them back, too.
 */
async function followAgain(deps: Deps, { cluster, below, from }: SwitchOrder): Promise<void> {
  const back = below.map((name) => repointReplica(deps, cluster, name, from).catch(() => undefined));
  await Promise.race([Promise.all(back), pause(FOLLOWS_WITHIN_MS)]);
}

const FOLLOWS_WITHIN_MS = 500;

/** Clients wait behind it, for a server that may be gone. */
const CLOSE_WITHIN_MS = 200;

const held = ({ cluster, from, settings }: SwitchOrder): ReleaseOrder => ({
  ...{ cluster, held: from, settings },
  routers: cluster.routers.map(({ name }) => name),
});

async function onRouters(
  deps: Deps,
  { cluster }: SwitchOrder,
  work: (router: ReturnType<typeof openRouter>) => Promise<unknown>,
): Promise<void> {
  const controls = cluster.routers.map((router) => openRouter(deps, router, cluster.instances));
  for (const result of await onAllRouters(controls, work)) if (!result.ok) throw result.error;
}

const isReadOnly = async (server: Mysql): Promise<boolean> =>
  Number(await server.value('SELECT @@global.read_only')) === 1;

const isOpen = (server: Mysql): Promise<boolean> =>
  isReadOnly(server).then(
    (closed) => !closed,
    () => false,
  );
