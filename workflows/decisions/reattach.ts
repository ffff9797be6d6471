import { type Cluster } from './cluster';
import { channelOf, type ClusterSnapshot, type InstanceFacts, readable, unreadable } from './facts';
import { contains, parseGtidSet } from './gtid-set';
import { type PlanWithoutHash, type Risk } from './plan';
import { testify } from './testimony';
import { sourceOf } from './topology';
import { olderThan } from './upgrading/fleet';

/**
 * The primary is well, but an intermediate source is gone: its replicas get the primary as their source. Only a source that
 * we cannot read *and* that its replicas do not hear counts as gone. null = nobody is orphaned.
 */
export function planReattach(cluster: Cluster, snapshot: ClusterSnapshot, primary: string): PlanWithoutHash | null {
  const gone = new Set(
    unreadable(snapshot.members)
      .filter((member) => ['refused', 'timed out', 'unreachable', 'lost'].includes(member.reason))
      .map((member) => member.name),
  );
  const older = olderThan(snapshot, primary);
  const orphans = readable(snapshot.members).filter((member) => {
    if (older.includes(member.name)) return false;
    const source = sourceOf(snapshot.members, member)?.name;
    return source !== undefined && source !== primary && gone.has(source) && hearsNothing(member);
  });
  if (orphans.length === 0) return null;
  const home = readable(snapshot.members).find((member) => member.name === primary);
  const purged = parseGtidSet(home?.gtid.purged ?? '');
  const stranded: Risk[] = orphans
    .filter((orphan) => !contains(parseGtidSet(orphan.gtid.executed), purged))
    .map((orphan) => ({
      code: 'FOLLOWERS_STRANDED',
      invariant: null,
      sentence: `${primary} has purged binary logs that ${orphan.name} still needs: it must be rebuilt`,
    }));
  const names = orphans.map((orphan) => orphan.name).join(', ');
  const lost = [...new Set(orphans.map((orphan) => sourceOf(snapshot.members, orphan)?.name))].join(', ');
  return {
    kind: 'reattach',
    oldPrimary: primary,
    newPrimary: primary,
    fetchFrom: null,
    target: '',
    ranking: [],
    repoint: Object.fromEntries(orphans.map((orphan) => [orphan.name, primary])),
    risks: stranded,
    rpo: null,
    summary: `the intermediate source ${lost} is gone: ${names} of ${cluster.name} will replicate from ${primary}`,
  };
}

const hearsNothing = (member: InstanceFacts): boolean => {
  const channel = channelOf(member);
  return channel !== undefined && testify(member, channel).says === 'does not see it';
};
