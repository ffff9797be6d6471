import { type GtidSet, intersect, parseGtidSet, subtract, union } from '../gtid-set';

const seriesName = ({ uuid, tag }: GtidSet['sources'][number]): string => (tag === '' ? uuid : `${uuid}:${tag}`);

/** Every number of each series, up to its highest in the set. */
export function hullOf(set: GtidSet): GtidSet {
  const series = set.sources.map(
    (source) => `${seriesName(source)}:1-${(source.intervals[source.intervals.length - 1] ?? 2) - 1}`,
  );
  return parseGtidSet(series.join(','));
}

/**
 * With what was archived late (a member brought back what had been missed): a server gives its numbers in the order of its commits, so that
 * of each series everything below the highest belongs to it.
 */
export const withAllBelow = (target: GtidSet, archived: GtidSet): GtidSet =>
  union(target, intersect(hullOf(target), archived));

/**
 * Up to one transaction (`uuid:n` or `uuid:tag:n`), with it or without it. `inOrder`: what the archive has before it in its own order, which tells
 * about other servers' transactions; of its own series the numbers tell, whatever the order in which a replica has written them.
 */
export function upToTransaction(inOrder: GtidSet, archived: GtidSet, gtid: string, withIt: boolean): GtidSet {
  const at = gtid.lastIndexOf(':');
  const [series, number] = [gtid.slice(0, at).toLowerCase(), Number(gtid.slice(at + 1))];
  const last = withIt ? number : number - 1;
  const own = last === 0 ? parseGtidSet('') : parseGtidSet(`${series}:1-${last}`);
  const others = (set: GtidSet) => ({ sources: set.sources.filter((source) => seriesName(source) !== series) });
  const ownBefore = subtract(inOrder, others(inOrder));
  return union(withAllBelow(others(inOrder), archived), intersect(own, union(ownBefore, archived)));
}
