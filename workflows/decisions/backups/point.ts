import { type ArchivedFile, gtidsOf } from '../archive/coverage';
import { count, type GtidSet, intersect, isEmpty, parseGtidSet, print, subtract, union } from '../gtid-set';

export interface Point {
  /** GTID set of a server that was restored to it. */
  readonly target: string;
  /** The last transaction of it: `uuid:n`. */
  readonly last: string;
}

/**
 * A random moment behind a backup that the archive should reach: what the backup holds, the archived files before one transaction, and whatever
 * `executed` has up to it. null = nothing is archived behind the backup. `chance`: from 0 to below 1. GTID sets are text.
 */
export function randomPoint(
  base: string,
  executed: string,
  files: readonly ArchivedFile[],
  chance: number,
): Point | null {
  const held = parseGtidSet(base);
  const behind = subtract(intersect(gtidsOf(files), parseGtidSet(executed)), held);
  const place = Math.floor(chance * count(behind));
  const last = gtidAt(behind, place);
  if (last === null) return null;
  const { uuid, number } = last;
  const upTo = parseGtidSet(`${uuid}:1-${number}`);
  const inFile = files.findIndex(
    ({ gtids }) => !isEmpty(intersect(parseGtidSet(gtids), parseGtidSet(`${uuid}:${number}`))),
  );
  const before = intersect(gtidsOf(files.slice(0, Math.max(0, inFile))), parseGtidSet(executed));
  const target = union(union(held, before), intersect(parseGtidSet(executed), upTo));
  return { target: print(target), last: `${uuid}:${number}` };
}

/**
 * What the archive lacks of `wanted` for a server that has `has`. `toCome`: '' where any of it lies before something that is archived: an archive grows at
 * its end, so that is a hole. GTID sets are text.
 */
export function behindTheArchive(
  wanted: string,
  has: string,
  files: readonly ArchivedFile[],
): { readonly missing: string; readonly toCome: string } {
  const archived = gtidsOf(files);
  const missing = subtract(parseGtidSet(wanted), union(parseGtidSet(has), archived));
  const ends = new Map(
    archived.sources.map(({ uuid, tag, intervals }) => [`${uuid}:${tag}`, intervals[intervals.length - 1] ?? 0]),
  );
  const isHole = missing.sources.some(
    ({ uuid, tag, intervals }) => (intervals[0] ?? 0) < (ends.get(`${uuid}:${tag}`) ?? 0),
  );
  return { missing: print(missing), toCome: isHole ? '' : print(missing) };
}

function gtidAt(set: GtidSet, place: number): { readonly uuid: string; readonly number: number } | null {
  let left = place;
  for (const { uuid, tag, intervals } of set.sources)
    for (let at = 0; at < intervals.length; at += 2) {
      const [from = 0, to = 0] = [intervals[at], intervals[at + 1]];
      if (left < to - from) return { uuid: tag === '' ? uuid : `${uuid}:${tag}`, number: from + left };
      left -= to - from;
    }
  return null;
}
