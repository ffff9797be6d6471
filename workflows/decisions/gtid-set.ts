import {
  countIntervals,
  intersectIntervals,
  normaliseIntervals,
  printIntervals,
  subtractIntervals,
  uniteIntervals,
  type Intervals,
} from './gtid/intervals';
import { findSources } from './gtid/parse';

export { GtidSetError } from './gtid/parse';

/**
 * A set of global transaction identifiers, as a value: nothing here changes one. It has one form only (sources sorted as the
 * server sorts them, none of them empty), so equal sets print alike. Transaction numbers are exact up to 2^53 - 1; text with
 * a greater one is refused. Source: MySQL manual, "GTID Format and Storage", "Functions Used with Global Transaction Identifiers".
 */
export interface GtidSet {
  readonly sources: readonly GtidSource[];
}

/** What one server wrote, by tag: since 8.3 a uuid can have several number series, told apart by a tag ('' = none). */
export interface GtidSource {
  /** Lower case. */
  readonly uuid: string;
  /** Lower case. */
  readonly tag: string;
  readonly intervals: Intervals;
}

export const emptyGtidSet: GtidSet = { sources: [] };

/** Read any text that a server takes for a GTID set, '' included. Throws GtidSetError, which names the position. */
export function parseGtidSet(text: string): GtidSet {
  const sources = findSources(text).map(({ uuid, tag, bounds }) => ({
    uuid,
    tag,
    intervals: normaliseIntervals(bounds),
  }));
  return { sources: sources.sort(inServerOrder) };
}

/** The text that the server prints for this set: `uuid:1-5:7:tag:1-3`, members on lines of their own. */
export function print(set: GtidSet): string {
  let text = '';
  let member = '';
  for (const { uuid, tag, intervals } of set.sources) {
    if (uuid !== member) text += `${text === '' ? '' : ',\n'}${uuid}`;
    member = uuid;
    text += `${tag === '' ? '' : ':'}${tag}${printIntervals(intervals)}`;
  }
  return text;
}

export const union = (a: GtidSet, b: GtidSet): GtidSet => merge(a, b, { alone: 'both', shared: uniteIntervals });

/** What is in `a` and not in `b`. */
export const subtract = (a: GtidSet, b: GtidSet): GtidSet => merge(a, b, { alone: 'a', shared: subtractIntervals });

export const intersect = (a: GtidSet, b: GtidSet): GtidSet =>
  merge(a, b, { alone: 'neither', shared: intersectIntervals });

/** Is all of `b` in `a`? Argument order: the greater set first, the other way round than the server's GTID_SUBSET. */
export const contains = (a: GtidSet, b: GtidSet): boolean => isEmpty(subtract(b, a));

export const isEmpty = (set: GtidSet): boolean => set.sources.length === 0;

export const equals = (a: GtidSet, b: GtidSet): boolean => contains(a, b) && contains(b, a);

/** How many transactions. Exact up to 2^53 - 1 in all. */
export const count = (set: GtidSet): number =>
  set.sources.reduce((sum, { intervals }) => sum + countIntervals(intervals), 0);

/** The servers that wrote, each once, sorted, lower case. */
export const uuidsOf = (set: GtidSet): string[] => [...new Set(set.sources.map(({ uuid }) => uuid))];

/** What this server wrote, with and without tags. */
export const only = (set: GtidSet, uuid: string): GtidSet => ({
  sources: set.sources.filter((source) => source.uuid === uuid.toLowerCase()),
});

/** What all others wrote. */
export const without = (set: GtidSet, uuid: string): GtidSet => ({
  sources: set.sources.filter((source) => source.uuid !== uuid.toLowerCase()),
});

/** The same from the server's text to the server's text, for facts that are read once. */
export const unionText = (a: string, b: string): string => print(union(parseGtidSet(a), parseGtidSet(b)));
export const subtractText = (a: string, b: string): string => print(subtract(parseGtidSet(a), parseGtidSet(b)));
export const intersectText = (a: string, b: string): string => print(intersect(parseGtidSet(a), parseGtidSet(b)));
export const containsText = (a: string, b: string): boolean => contains(parseGtidSet(a), parseGtidSet(b));
export const countText = (text: string): number => count(parseGtidSet(text));

interface MergeRule {
  /** Whose sources are kept where the other set does not know them. */
  readonly alone: 'a' | 'both' | 'neither';
  /** How the intervals of a source that both know are put together. */
  readonly shared: (a: Intervals, b: Intervals) => Intervals;
}

function merge(a: GtidSet, b: GtidSet, { alone, shared }: MergeRule): GtidSet {
  const sources: GtidSource[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const [mine, theirs] = [a.sources[i], b.sources[j]];
    if (!mine && !theirs) return { sources };
    const order = !mine ? 1 : !theirs ? -1 : inServerOrder(mine, theirs);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    if (mine && order < 0 && alone !== 'neither') sources.push(mine);
    if (theirs && order > 0 && alone === 'both') sources.push(theirs);
    if (mine && theirs && order === 0) {
      const intervals = shared(mine.intervals, theirs.intervals);
      if (intervals.length > 0) sources.push({ ...mine, intervals });
    }
  }
}

/** By uuid, then without a tag before with one, then by tag: the bytes decide, as they do in the server. */
function inServerOrder(a: GtidSource, b: GtidSource): number {
  if (a.uuid !== b.uuid) return a.uuid < b.uuid ? -1 : 1;
  if (a.tag === b.tag) return 0;
  return a.tag < b.tag ? -1 : 1;
}
