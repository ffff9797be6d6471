import { type Cluster, instanceNamed } from '../../workflows/decisions/cluster';
import { channelOf, readable } from '../../workflows/decisions/facts';
import { type FenceFindings } from '../../workflows/decisions/fence';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, knownInstance, stopwatch } from '../deps';
import { lookAtCluster } from '../observe/cluster';
import { clientDoor } from './client';
import { proveWrites } from './prove';
import { onAllRouters, openRouter } from './router';

export interface RouteOrder {
  readonly cluster: Cluster;
  readonly primary: string;
  /** server_uuid that must acknowledge the proof. */
  readonly uuid: string;
}

export interface Routed {
  readonly routers: readonly {
    readonly router: string;
    readonly proved: boolean;
    readonly elapsedMs: number;
    /** For so many seconds clients may still be led to the old primary. Left out: for none. */
    readonly staleForSeconds?: number;
    readonly because: string;
    /** Why it is no proof that nobody else takes writes through it; left out = it is. */
    readonly noProof?: string;
  }[];
  /** ISO 8601 of the first write that came through a router; null when none did. Without routers: when the server was opened. */
  readonly provedAt: string | null;
  readonly parts: readonly StepPart[];
}

export interface ReadsRouted {
  readonly readers: readonly string[];
  readonly because: string;
}

/** A new primary answers in milliseconds; a router may need a moment to open its first connection to it. */
const PROOF_DEADLINE_MS = 3_000;

/** Every writer out of every router, sessions cut, read back. A router that does not follow is a finding, not an error. */
export async function fenceRouters(deps: Deps, cluster: Cluster): Promise<FenceFindings['routers']> {
  const controls = cluster.routers.map((router) => openRouter(deps, router, cluster.instances));
  const results = await onAllRouters(controls, (router) => router.fence());
  deps.checkpoint('fence:routers answered');
  return results.map((result) => ({
    router: result.router,
    fenced: result.ok,
    because: result.ok ? 'no writer, sessions cut' : result.error.message,
    ...(!result.ok && result.error.code === 'ROUTER_UNREACHABLE' && { unreachable: true }),
  }));
}

/**
 * Point every router at the primary, read back, and prove it by a write that goes the way clients go; all routers at once.
 * A router that cannot be reached or proven is in the result: it is never ignored, and never keeps the others waiting.
 * Idempotent: absolute states. Throws only what the inventory or a secret is to blame for.
 */
export async function routeWrites(deps: Deps, { cluster, primary, uuid }: RouteOrder): Promise<Routed> {
  const watch = stopwatch('route', deps.checkpoint);
  const instance = knownInstance(cluster, primary);
  const door = await clientDoor(deps, cluster);
  let provedAt = cluster.routers.length === 0 ? new Date().toISOString() : null;

  const results = await onAllRouters(cluster.routers, async (router) => {
    const routing = await openRouter(deps, router, cluster.instances).pointWritesTo(instance);
    watch.mark(`${router.name} pointed`);
    // Not by a name: this machine's resolver may still know the old address, and a proof must go where new clients go.
    const side = { name: router.name, writeAddress: routing.entrance ?? router.writeAddress };
    const { elapsedMs } = await proveWrites(side, door, uuid, PROOF_DEADLINE_MS);
    provedAt ??= new Date().toISOString();
    watch.mark(`${router.name} proven`);
    return { elapsedMs, staleForSeconds: routing.staleForSeconds, noProof: routing.noProof };
  });
  return {
    routers: results.map((result) => ({
      router: result.router,
      proved: result.ok,
      elapsedMs: result.ok ? result.value.elapsedMs : 0,
      ...(result.ok && result.value.staleForSeconds !== undefined && { staleForSeconds: result.value.staleForSeconds }),
      because: result.ok ? 'a write came through' : `${result.error.message}. ${result.error.hint}`,
      ...(result.ok && result.value.noProof !== undefined && { noProof: result.value.noProof }),
    })),
    provedAt,
    parts: watch.parts(),
  };
}

/** A part of its share of reads for one server, where routers have weights. Returns their names. One that fails takes nothing from the others. */
export async function shareReads(
  deps: Deps,
  { cluster, instance, percent }: { readonly cluster: Cluster; readonly instance: string; readonly percent: number },
): Promise<{ readonly routers: readonly string[]; readonly because: string }> {
  const weighing = cluster.routers
    .map((router) => openRouter(deps, router, cluster.instances))
    .flatMap(({ name, weighReads }) => (weighReads ? [{ name, weighReads }] : []));
  const results = await onAllRouters(weighing, (router) =>
    router.weighReads(knownInstance(cluster, instance), percent),
  );
  const failed = results.flatMap((result) => (result.ok ? [] : [`${result.router}: ${result.error.message}`]));
  const routers = results.filter(({ ok }) => ok).map(({ router }) => router);
  return { routers, because: [`${percent} % at ${routers.join(', ') || 'no router'}`, ...failed].join('; ') };
}

/** Reads go to the replicas that receive and apply; to the primary when there is none. */
export async function routeReads(
  deps: Deps,
  {
    cluster,
    primary,
    without,
  }: { readonly cluster: Cluster; readonly primary: string; readonly without: readonly string[] },
): Promise<ReadsRouted> {
  const snapshot = await lookAtCluster(
    deps.servers,
    { ...cluster, instances: cluster.instances.filter((instance) => !without.includes(instance.name)) },
    { full: false },
  );
  const following = readable(snapshot.members)
    .filter((member) => channelOf(member)?.receiver === 'running' && channelOf(member)?.applier === 'running')
    .map((member) => member.name)
    .filter((name) => (instanceNamed(cluster, name)?.delaySeconds ?? 0) === 0);
  const readers = following.length > 0 ? following : [primary];
  const controls = cluster.routers.map((router) => openRouter(deps, router, cluster.instances));
  const results = await onAllRouters(controls, (router) =>
    router.pointReadsTo(readers.map((name) => knownInstance(cluster, name))),
  );
  const failed = results.flatMap((result) => (result.ok ? [] : [`${result.router}: ${result.error.message}`]));
  return {
    readers,
    because: failed.length > 0 ? `not everywhere: ${failed.join('; ')}` : `readers: ${readers.join(', ')}`,
  };
}
