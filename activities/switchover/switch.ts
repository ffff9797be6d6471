import { type Cluster } from '../../workflows/decisions/cluster';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, knownInstance, serverNamed, stopwatch, type Stopwatch, words } from '../deps';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { recordEpoch } from '../replication/epoch';
import { setSemiSync } from '../replication/semi-sync';
import { type RouterSettings } from '../routing/control';
import { onAllRouters, openRouter } from '../routing/router';
import { routeWrites, type Routed } from '../routing/writes';
import { freeze } from './freeze';

export interface SwitchOrder {
  readonly cluster: Cluster;
  readonly from: string;
  readonly to: string;
  /** Run id, kept in the epoch row. */
  readonly run: string;
  /** Higher than every epoch that was seen. */
  readonly minEpoch: number;
  /** From the hold to the moment before writes open. What takes longer is undone. */
  readonly budgetMs: number;
  /** What a hold changes, as each router had it before, by router name. */
  readonly settings: Readonly<Record<string, RouterSettings>>;
}

export type Switched =
  | {
      readonly result: 'switched';
      readonly uuid: string;
      readonly epoch: number;
      readonly routed: Routed;
      readonly parts: readonly StepPart[];
    }
  | { readonly result: 'undone'; readonly because: string; readonly parts: readonly StepPart[] };

/**
 * The part of a switchover that clients wait for, as one unit: hold, freeze, prove frozen, let the candidate catch up, open it, route, prove.
 * Before the candidate is open every trouble, and a budget that is used up, ends in `undone` with the old primary taking writes again;
 * from then on it goes forward. A later attempt reads what the one before it left: a candidate that is open is finished, an old
 * primary that is frozen beside a closed candidate is opened again, for its clients have waited long enough.
 * Throws only what another attempt may mend: an undo that did not hold, a route that failed for the inventory's sake.
 */
export async function switchPrimary(deps: Deps, order: SwitchOrder): Promise<Switched> {
  const watch = stopwatch('switch', deps.checkpoint);
  const [from, to] = [serverNamed(deps, order.cluster, order.from), serverNamed(deps, order.cluster, order.to)];
  const [frozenBefore, openBefore] = await Promise.all([isReadOnly(from), isReadOnly(to).then((closed) => !closed)]);
  if (openBefore) return forward(deps, order, to, watch);
  if (frozenBefore) return undo(deps, order, 'an attempt before this one died behind the freeze', watch);

  try {
    await untilOpen(deps, order, { from, to, watch });
  } catch (error) {
    deps.checkpoint('switch:giving up');
    // The answer to the statement that opens may be lost: what counts is what the candidate says.
    if (await isOpen(to)) return forward(deps, order, to, watch);
    return undo(deps, order, words(error), watch);
  }
  return forward(deps, order, to, watch);
}

interface Pair {
  readonly from: Mysql;
  readonly to: Mysql;
  readonly watch: Stopwatch;
}

async function untilOpen(deps: Deps, order: SwitchOrder, { from, to, watch }: Pair): Promise<void> {
  const { cluster, budgetMs } = order;
  await onRouters(deps, order, (router) => router.hold(knownInstance(cluster, order.from)));
  watch.mark('held');
  const held = watch.elapsedMs();
  const left = () => budgetMs - (watch.elapsedMs() - held);

  const frozen = await freeze(from, left());
  watch.mark('frozen');
  await caughtUp(to, frozen, left());
  watch.mark('caught up');
  await setSemiSync(to, cluster.durability === 'async' ? 'none' : 'source');
  if (left() <= 0) throw overBudget(budgetMs);
  await to.run('SET GLOBAL read_only = OFF', [], { deadlineMs: 2_000 });
  watch.mark('open');
}

async function caughtUp(to: Mysql, frozen: string, leftMs: number): Promise<void> {
  if (leftMs <= 0) throw overBudget(leftMs);
  const late = await to.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [frozen, leftMs / 1000], {
    deadlineMs: leftMs + 200,
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
async function forward(deps: Deps, order: SwitchOrder, to: Mysql, watch: Stopwatch): Promise<Switched> {
  const { cluster, run, minEpoch } = order;
  const uuid = String(await to.value('SELECT @@server_uuid'));
  const [epoch, routed] = await Promise.all([
    recordEpoch(to, cluster.schema, uuid, { run, minEpoch }),
    routeWrites(deps, { cluster, primary: order.to, uuid }),
  ]);
  watch.mark('routed');
  await letThrough(deps, order);
  return { result: 'switched', uuid, epoch, routed, parts: watch.parts() };
}

/** The candidate closed for sure where it answers, the old primary open, the routers at it: in this order, so that never two take writes. */
async function undo(deps: Deps, order: SwitchOrder, because: string, watch: Stopwatch): Promise<Switched> {
  const { cluster } = order;
  await serverNamed(deps, cluster, order.to)
    .run('SET GLOBAL super_read_only = ON', [], { deadlineMs: 500 })
    .catch(() => undefined);
  const from = serverNamed(deps, cluster, order.from);
  await from.run('SET GLOBAL read_only = OFF', [], { deadlineMs: 2_000 });
  watch.mark('open again');
  await onRouters(deps, order, (router) => router.pointWritesTo(knownInstance(cluster, order.from)));
  await letThrough(deps, order);
  watch.mark('undone');
  return { result: 'undone', because, parts: watch.parts() };
}

const letThrough = (deps: Deps, order: SwitchOrder): Promise<void> =>
  onRouters(deps, order, (router) =>
    router.release(knownInstance(order.cluster, order.from), order.settings[router.name] ?? {}),
  );

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
