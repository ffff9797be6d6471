import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, knownInstance } from '../deps';
import { type RunbookError } from '../errors';
import { type RouterSettings } from '../routing/control';
import { onAllRouters, openRouter } from '../routing/router';

export interface ReleaseOrder {
  readonly cluster: Cluster;
  /** The server in front of which clients were held. */
  readonly held: string;
  /** Names of the routers to release. */
  readonly routers: readonly string[];
  /** What the hold changed, as each router had it before, by router name. */
  readonly settings: Readonly<Record<string, RouterSettings>>;
}

export interface Unreleased {
  readonly router: string;
  readonly error: RunbookError;
}

/** End of the hold at all of these routers at once. Returns those where it failed; never throws. Idempotent: absolute states. */
export async function releaseRouters(deps: Deps, order: ReleaseOrder): Promise<Unreleased[]> {
  const { cluster, held, routers, settings } = order;
  const controls = cluster.routers
    .filter(({ name }) => routers.includes(name))
    .map((router) => openRouter(deps, router, cluster.instances))
    // What was not held needs no release, and no reason to fail here.
    .filter(({ holds }) => holds);
  const released = await onAllRouters(controls, (router) =>
    router.release(knownInstance(cluster, held), settings[router.name] ?? {}),
  );
  return released.flatMap((one) => (one.ok ? [] : [{ router: one.router, error: one.error }]));
}

/** The same as a step of its own, behind a switch that left some. Throws what the first of them says; a retry helps. */
export async function releaseLeft(deps: Deps, order: ReleaseOrder): Promise<void> {
  for (const { error } of await releaseRouters(deps, order)) throw error;
}
