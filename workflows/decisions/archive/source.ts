import { type InstanceFacts } from '../facts';
import { contains, count, type GtidSet, isEmpty, parseGtidSet, subtract, union } from '../gtid-set';

/** A member as far as the archive asks: `logsUpdates` = its binary log holds what it has replicated (log_replica_updates). */
export interface PossibleSource extends Pick<InstanceFacts, 'name' | 'gtid'> {
  readonly logsUpdates: boolean;
  readonly delaySeconds: number;
}

export interface SourceChoice {
  readonly source: string | null;
  /** What we lack and this source has purged. */
  readonly lost: GtidSet;
  readonly because: string;
}

/**
 * Whom the archive copies from: whoever has purged least of what we lack; then one that has something to give rather than one that
 * stands still behind others; then a replica rather than the primary; then whom we read already. `have`: all that is archived.
 */
export function chooseSource(
  members: readonly PossibleSource[],
  {
    have,
    primary,
    current,
  }: { readonly have: GtidSet; readonly primary: string | null; readonly current: string | null },
): SourceChoice {
  const able = members.filter(({ gtid, name, logsUpdates }) => gtid.mode === 'ON' && (logsUpdates || name === primary));
  const all = able.reduce((sum, { gtid }) => union(sum, parseGtidSet(gtid.executed)), have);
  const ranked = able
    .map(({ name, gtid, delaySeconds }) => {
      const executed = parseGtidSet(gtid.executed);
      const lost = subtract(parseGtidSet(gtid.purged), have);
      // It gives nothing more, and another knows of more.
      const stuck = contains(have, executed) && !contains(executed, subtract(all, have));
      return {
        name,
        lost,
        rank: [
          count(lost),
          Number(stuck),
          Number(delaySeconds > 0),
          Number(name === primary),
          Number(name !== current),
        ],
      };
    })
    .sort((a, b) => compare(a.rank, b.rank));
  const [best] = ranked;
  if (!best)
    return {
      source: null,
      lost: parseGtidSet(''),
      because: `none of ${members.length} members that can be read writes a binary log of all it has (gtid_mode, log_replica_updates)`,
    };
  const role = best.name === primary ? 'the primary, as no replica can be read from' : 'a replica';
  const misses = isEmpty(best.lost) ? '' : `; it has purged ${count(best.lost)} transactions that are not archived`;
  return { source: best.name, lost: best.lost, because: `${best.name} is ${role}${misses}` };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
