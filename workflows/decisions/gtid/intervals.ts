/**
 * Transaction numbers of one source as a flat, sorted list of bounds: [start, end, start, end, …], each end being the first
 * number that is not in. Never two equal bounds in a row, so a set has one form only. No object per interval: sets of
 * 100,000 intervals are merged in a few milliseconds.
 */
export type Intervals = ArrayLike<number>;

type Keep = (inA: boolean, inB: boolean) => boolean;

const eitherOne: Keep = (inA, inB) => inA || inB;
const both: Keep = (inA, inB) => inA && inB;
const onlyFirst: Keep = (inA, inB) => inA && !inB;

export const uniteIntervals = (a: Intervals, b: Intervals): Intervals => sweep(a, b, eitherOne);
export const intersectIntervals = (a: Intervals, b: Intervals): Intervals => sweep(a, b, both);
export const subtractIntervals = (a: Intervals, b: Intervals): Intervals => sweep(a, b, onlyFirst);

/** Walk along the bounds of both lists once. After an odd number of its bounds we are inside a list, after an even number outside. */
function sweep(a: Intervals, b: Intervals, keep: Keep): Intervals {
  const kept = new Float64Array(a.length + b.length);
  let length = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const nextA = boundAt(a, i);
    const nextB = boundAt(b, j);
    const bound = Math.min(nextA, nextB);
    if (nextA === bound) i += 1;
    if (nextB === bound) j += 1;
    const inside = keep(i % 2 === 1, j % 2 === 1);
    const wasInside = length % 2 === 1;
    if (inside !== wasInside) kept[length++] = bound;
  }
  return kept.slice(0, length);
}

const boundAt = (list: Intervals, index: number): number =>
  index < list.length ? (list[index] ?? Infinity) : Infinity;

/** Bounds in any order, overlapping or touching, to the one sorted form. Sorted input, which is what servers print, is only copied. */
export function normaliseIntervals(bounds: readonly number[]): Intervals {
  if (isNormal(bounds)) return new Float64Array(bounds);
  // Starts and ends are sorted apart: the first k + 1 intervals leave a gap behind them exactly where the end of rank k lies
  // before the start of rank k + 1. Plain numeric sorts are much faster than sorting pairs with a comparison.
  const starts = everySecond(bounds, 0).sort();
  const ends = everySecond(bounds, 1).sort();
  const normal = new Float64Array(bounds.length);
  let length = 0;
  for (let rank = 0; rank < ends.length; rank++) {
    if (length % 2 === 0) normal[length++] = boundAt(starts, rank);
    if (boundAt(ends, rank) < boundAt(starts, rank + 1)) normal[length++] = boundAt(ends, rank);
  }
  return normal.slice(0, length);
}

function everySecond(bounds: readonly number[], from: 0 | 1): Float64Array {
  const picked = new Float64Array(bounds.length / 2);
  for (let i = 0; i < picked.length; i++) picked[i] = boundAt(bounds, 2 * i + from);
  return picked;
}

function isNormal(bounds: readonly number[]): boolean {
  for (let i = 1; i < bounds.length; i++) if (boundAt(bounds, i) <= boundAt(bounds, i - 1)) return false;
  return true;
}

export function countIntervals(intervals: Intervals): number {
  let count = 0;
  for (let i = 0; i < intervals.length; i += 2) count += boundAt(intervals, i + 1) - boundAt(intervals, i);
  return count;
}

/** `:1-5:7`, as the server prints it. */
export function printIntervals(intervals: Intervals): string {
  let text = '';
  for (let i = 0; i < intervals.length; i += 2) {
    const first = boundAt(intervals, i);
    const last = boundAt(intervals, i + 1) - 1;
    text += last === first ? `:${String(first)}` : `:${String(first)}-${String(last)}`;
  }
  return text;
}
