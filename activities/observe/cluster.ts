import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClusterSnapshot } from '../../workflows/decisions/facts';
import { type Servers } from '../mysql/mysql';
import { lookAtInstance } from './instance';

export interface ClusterLook {
  readonly full: boolean;
  readonly deadlineMs?: number;
  /** A member that was silent a moment ago: it is asked again, but nobody waits long for it. */
  readonly suspect?: string;
}

const SUSPECT_DEADLINE_MS = 120;

/**
 * One look at every instance of a cluster, all at the same time: it takes as long as the slowest member, at most the deadline.
 * Read only, safe to repeat. Members stand in the inventory's order.
 */
export async function lookAtCluster(
  servers: Servers,
  cluster: Cluster,
  { full, deadlineMs, suspect }: ClusterLook,
): Promise<ClusterSnapshot> {
  const takenAt = new Date().toISOString();
  const options = { full, schema: cluster.schema, ...(deadlineMs !== undefined && { deadlineMs }) };
  const members = await Promise.all(
    cluster.instances.map((instance) => {
      const shorter = instance.name === suspect ? { deadlineMs: SUSPECT_DEADLINE_MS } : {};
      return lookAtInstance(servers.of(cluster, instance), instance, { ...options, ...shorter });
    }),
  );
  return { cluster: cluster.name, takenAt, members };
}
