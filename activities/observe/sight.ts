import { type Client } from '@temporalio/client';
import { type Cluster, instanceNamed } from '../../workflows/decisions/cluster';
import { isOutdated, type LastSeen, type Sighting } from '../../workflows/decisions/evidence';
import { type ClusterSnapshot, readable, unreadable } from '../../workflows/decisions/facts';
import { type StepPart } from '../../workflows/decisions/report';
import { outsiders } from '../../workflows/decisions/outsiders';
import { primaryOf } from '../../workflows/decisions/topology';
import { type Deps, stopwatch } from '../deps';
import { findCluster } from '../inventory/inventory';
import { viewRouters } from '../routing/view';
import { lookAtCluster } from './cluster';
import { probeCommit } from './commit-probe';
import { lastSeenByWatcher } from './last-seen';

export interface SightOrder {
  readonly cluster: string;
  /** What the watcher says it last saw; looked up at the running watcher when it is not given. */
  readonly lastSeen?: LastSeen | null;
}

export interface Sight {
  readonly cluster: Cluster;
  readonly sighting: Sighting;
  readonly fleetLimit: { readonly failovers: number; readonly perMinutes: number };
  readonly parts: readonly StepPart[];
}

const COMMIT_DEADLINE_MS = 500;
const PATIENT_DEADLINE_MS = 3_000;

/** Where more members were silent than answered, the slow one is rather this worker: it looks again, with patience, before anybody judges. */
async function lookTwiceIfDark(deps: Deps, cluster: Cluster, suspect?: string): Promise<ClusterSnapshot> {
  const first = await lookAtCluster(deps.servers, cluster, { full: false, ...(suspect !== undefined && { suspect }) });
  const silent = unreadable(first.members).filter(({ name, reason }) => reason === 'timed out' && name !== suspect);
  if (silent.length <= readable(first.members).length) return first;
  return lookAtCluster(deps.servers, cluster, { full: false, deadlineMs: PATIENT_DEADLINE_MS });
}

/**
 * One whole look at a cluster: every member and router, a commit on the one that is thought to be the primary, and what the watcher
 * last saw of it. Changes nothing but the heartbeat row. Throws UNKNOWN_CLUSTER, INVENTORY_INVALID; members that cannot be read
 * are findings.
 */
export async function sightCluster(deps: Deps & { client: Client }, order: SightOrder): Promise<Sight> {
  const watch = stopwatch('look', deps.checkpoint);
  const inventory = await deps.inventory();
  const cluster = findCluster(inventory, order.cluster);
  const suspect = order.lastSeen?.primary;
  const [snapshot, remembered, routers] = await Promise.all([
    lookTwiceIfDark(deps, cluster, suspect),
    order.lastSeen === undefined ? lastSeenByWatcher(deps.client, order.cluster) : order.lastSeen,
    viewRouters(deps, cluster),
  ]);
  watch.mark('members read');
  // Whom the newest epoch names and who takes writes is the primary, whatever a watcher remembers of the one before.
  const memory = remembered !== null && isOutdated(remembered, snapshot) ? null : remembered;
  const primary = outsiders(snapshot).current ?? memory?.primary ?? primaryOf(snapshot, cluster).primary;
  const lastSeen = memory?.primary === primary ? memory : null;
  const instance = primary === null ? undefined : instanceNamed(cluster, primary);
  const member = snapshot.members.find((one) => one.name === primary);
  const commit =
    instance && member?.readable
      ? await probeCommit(deps.servers, cluster, instance, member.serverUuid, COMMIT_DEADLINE_MS)
      : null;
  if (commit) watch.mark('commit probed');
  return {
    cluster,
    sighting: { snapshot, primary, commit, lastSeen, routers },
    fleetLimit: inventory.limits.automaticFailovers,
    parts: watch.parts(),
  };
}
