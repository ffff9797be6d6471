import { type ClusterSnapshot, type InstanceFacts, newestPromotion, readable } from './facts';
import { parseGtidSet, print, subtract } from './gtid-set';

/** A server that a later promotion has replaced. `extra`: transactions that the primary lacks, as a GTID set. */
export interface Outsider {
  readonly name: string;
  readonly extra: string;
}

/**
 * Who stands outside the tree, by the epoch rows: the server that the highest epoch names is the primary; whoever else takes writes,
 * or copies from nobody, was replaced by it. Nobody is an outsider while the named one cannot be seen taking writes, or where
 * no epoch was ever written.
 */
export function outsiders(snapshot: ClusterSnapshot): {
  readonly current: string | null;
  readonly writable: readonly Outsider[];
  readonly returned: readonly Outsider[];
} {
  const members = readable(snapshot.members);
  const newest = newestPromotion(snapshot);
  const current = members.find((member) => member.serverUuid === newest?.primaryUuid && !member.readOnly);
  if (!current) return { current: null, writable: [], returned: [] };
  const behind = members.filter((member) => member !== current && (member.epoch?.epoch ?? 0) < (newest?.epoch ?? 0));
  const outsider = (member: InstanceFacts): Outsider => ({
    name: member.name,
    extra: print(subtract(parseGtidSet(member.gtid.executed), parseGtidSet(current.gtid.executed))),
  });
  return {
    current: current.name,
    writable: behind.filter((member) => !member.readOnly).map(outsider),
    returned: behind.filter((member) => member.readOnly && member.channels.length === 0).map(outsider),
  };
}
