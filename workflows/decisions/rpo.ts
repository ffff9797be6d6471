import { type Cluster } from './cluster';
import { type LastSeen } from './evidence';
import { type ClusterSnapshot, unreadable } from './facts';
import { count, parseGtidSet } from './gtid-set';
import { type Rpo } from './report';

/**
 * What may be lost if `holds` becomes the truth. Semi-synchronous replication promises that an acknowledged commit was received by
 * `waitForReplicaCount` replicas: the promise is worth something only while it was in force when the primary was last seen, and
 * while fewer acknowledgers than that are out of our sight. Source: MySQL manual, "Semisynchronous Replication".
 */
export function judgeRpo(cluster: Cluster, snapshot: ClusterSnapshot, lastSeen: LastSeen | null, missing: string): Rpo {
  const lostCount = count(parseGtidSet(missing));
  const rpo = (provablyZero: boolean, because: string): Rpo => ({ provablyZero, lost: missing, lostCount, because });

  if (lostCount > 0)
    return rpo(false, 'the primary had committed them when it was last seen, and no replica we can read received them');
  if (cluster.durability === 'async')
    return rpo(false, 'replication is asynchronous: what the primary committed last may not have been received');
  const unseen = unseenAcknowledgers(cluster, snapshot, lastSeen);
  if (unseen.names.length >= unseen.needed)
    return rpo(
      false,
      `${unseen.names.join(', ')} cannot be read and may alone have acknowledged the last transactions`,
    );
  if (cluster.durability === 'lossless')
    return rpo(
      true,
      'no commit is acknowledged before a replica has it, and enough replicas were read to hold every one',
    );
  if (!lastSeen)
    return rpo(false, 'nobody saw whether semi-synchronous replication was in force: no watcher was running');
  if (lastSeen.semiSyncActive !== true)
    return rpo(
      false,
      `semi-synchronous replication had fallen back to asynchronous when the primary was last seen at ${lastSeen.at}`,
    );
  return rpo(
    true,
    `commits waited for an acknowledgement when the primary was last seen at ${lastSeen.at}, and every acknowledger was read`,
  );
}

/** Acknowledgers that we cannot read now, and how many of them suffice to hide an acknowledged transaction from us. */
export function unseenAcknowledgers(
  cluster: Cluster,
  snapshot: ClusterSnapshot,
  lastSeen: LastSeen | null,
): { names: string[]; needed: number } {
  const mayAcknowledge = lastSeen ? lastSeen.acknowledgers : cluster.instances.map((instance) => instance.name);
  const names = unreadable(snapshot.members)
    .map((member) => member.name)
    .filter((name) => mayAcknowledge.includes(name) && name !== lastSeen?.primary);
  return { names, needed: Math.max(1, lastSeen?.waitForReplicaCount ?? 1) };
}
