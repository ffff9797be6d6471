import { performance } from 'node:perf_hooks';
import {
  contains,
  count,
  equals,
  intersect,
  parseGtidSet,
  print,
  subtract,
  union,
} from '../workflows/decisions/gtid-set';

/**
 * How long one operation on GTID sets takes. Usage: `node dist/bench/gtid.js [RUNS] [INTERVALS]`; prints JSON.
 * Both sets have INTERVALS intervals of one server with gaps between them, shifted so that no two bounds agree: the worst case.
 */
const [runs = 50, intervals = 100_000] = process.argv.slice(2).map(Number);
const uuid = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const gappy = (offset: number): string =>
  uuid + Array.from({ length: intervals }, (_, i) => `:${i * 10 + offset}-${i * 10 + offset + 4}`).join('');

const [textA, textB] = [gappy(1_000_001), gappy(1_000_003)];
const shuffled = [uuid, ...textA.split(':').slice(1).reverse()].join(':');
const [a, b] = [parseGtidSet(textA), parseGtidSet(textB)];
const operations: Record<string, () => unknown> = {
  parse: () => parseGtidSet(textA),
  parseUnordered: () => parseGtidSet(shuffled),
  print: () => print(a),
  union: () => union(a, b),
  subtract: () => subtract(a, b),
  intersect: () => intersect(a, b),
  contains: () => contains(a, b),
  equals: () => equals(a, a),
  count: () => count(a),
};

const at = (sorted: readonly number[], share: number): number =>
  Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2));
const measure = (work: () => unknown): { firstMs: number; p50Ms: number; p95Ms: number; maxMs: number } => {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  const sorted = times.toSorted((x, y) => x - y);
  return { firstMs: at(times, 0), p50Ms: at(sorted, 0.5), p95Ms: at(sorted, 0.95), maxMs: at(sorted, 1) };
};

const cases = Object.entries(operations).map(([operation, work]) => ({ case: operation, runs, ...measure(work) }));
console.log(JSON.stringify({ bench: 'gtid', intervals, node: process.version, cases }, null, 2));
