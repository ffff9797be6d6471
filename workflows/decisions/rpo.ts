import { type Cluster } from './cluster';
import { type LastSeen } from './evidence';
import { type ClusterSnapshot, readable } from './facts';
import { count, parseGtidSet } from './gtid-set';
import { type Rpo } from './report';

export interface RpoQuestion {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly oldPrimary: string;
  readonly lastSeen: LastSeen | null;
  /** Known to be lost, as a GTID set. */
  readonly missing: string;
  /** Replicas that could acknowledge when this run looked: the watcher's list may be older by a second. */
  readonly seenFollowing?: readonly string[];
  /** ISO 8601, behind the fence: since when the old primary's acknowledgements reach nobody. Before it, what is said is a forecast. */
  readonly fencedAt?: string;
}

/**
 * What may be lost if `holds` becomes the truth. Semi-synchronous replication promises that an acknowledged commit was received by
 * `waitForReplicaCount` replicas: the promise is worth something only while it was in force when the primary was last seen, and
 * while fewer acknowledgers than that are out of our sight. And it lasts no longer than the primary's patience: one that was cut off
 * from its replicas but not from its clients goes on without them, and nobody of ours sees it. No measured times in the sentences: they are part of a plan.
 * Source: MySQL manual, "Semisynchronous Replication".
 */
export function judgeRpo(question: RpoQuestion): Rpo {
  const { cluster, lastSeen, missing, fencedAt } = question;
  const lostCount = count(parseGtidSet(missing));
  const rpo = (provablyZero: boolean, because: string): Rpo => ({ provablyZero, lost: missing, lostCount, because });

  if (lostCount > 0)
    return rpo(false, 'they were seen on the primary or on a replica, and nobody we can take them from has them');
  if (cluster.durability === 'async')
    return rpo(false, 'replication is asynchronous: what the primary committed last may not have been received');
  const unseen = unseenAcknowledgers(question);
  if (unseen.names.length >= unseen.needed)
    return rpo(
      false,
      `${unseen.names.join(', ')} cannot be read, or threw its relay log away by a restart, and may alone have acknowledged the last transactions`,
    );
  if (cluster.durability === 'lossless')
    return rpo(
      true,
      'no commit is acknowledged before a replica has it, and enough replicas were read to hold every one',
    );
  if (!lastSeen)
    return rpo(false, 'nobody saw whether semi-synchronous replication was in force: no watcher was running');
  if (lastSeen.semiSyncActive !== true)
    return rpo(false, 'semi-synchronous replication had fallen back to asynchronous when the primary was last seen');
  if (fencedAt !== undefined && outlasted(lastSeen, fencedAt))
    return rpo(
      false,
      'the old primary was out of sight for longer than it waits for acknowledgements before it was fenced: it may have gone on without',
    );
  return rpo(
    true,
    'commits waited for an acknowledgement when the primary was last seen, and enough acknowledgers were read',
  );
}

const outlasted = (lastSeen: LastSeen, fencedAt: string): boolean =>
  Date.parse(fencedAt) - Date.parse(lastSeen.at) >= (lastSeen.patientForMs ?? 0);

/**
 * Acknowledgers whose word we do not have, and how many of them suffice to hide an acknowledged transaction from us. One that has
 * restarted since the primary was last seen counts: relay_log_recovery throws away what it had acknowledged and not applied.
 */
export function unseenAcknowledgers({
  cluster,
  snapshot,
  oldPrimary,
  lastSeen,
  seenFollowing = [],
}: Omit<RpoQuestion, 'missing'>): { names: string[]; needed: number } {
  const takenAt = Date.parse(snapshot.takenAt);
  // Uptime is whole seconds, hence the one more.
  const restarted = (uptimeSeconds: number) =>
    lastSeen !== null && takenAt - (uptimeSeconds + 1) * 1000 > Date.parse(lastSeen.at);
  const sound = new Set(
    readable(snapshot.members)
      .filter((member) => !restarted(member.uptimeSeconds))
      .map((member) => member.name),
  );
  // A watcher that has only begun knows no acknowledgers yet: then it may have been anyone.
  const known = lastSeen && lastSeen.acknowledgers.length > 0 ? lastSeen.acknowledgers : null;
  const mayAcknowledge = known ?? cluster.instances.map((instance) => instance.name);
  const names = [...new Set([...mayAcknowledge, ...seenFollowing])].filter(
    (name) => name !== oldPrimary && !sound.has(name),
  );
  return { names, needed: Math.max(1, lastSeen?.waitForReplicaCount ?? 1) };
}
