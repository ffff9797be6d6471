import { round } from './svg';

/** Milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A wait in which nothing was done, drawn shorter than it was. */
export interface Cut {
  readonly x: number;
  readonly width: number;
  readonly ms: number;
}

export interface TimeScale {
  /** Pixels from the left, of a time. Times outside are at the edge. */
  readonly x: (at: number) => number;
  readonly cuts: readonly Cut[];
}

const CUT_WIDTH = 26;
/** A wait is cut when it is longer than this part of all work: a person's ten minutes would hide a failover of two seconds. */
const LONG = 0.25;
const LEAST_CUT_MS = 1_000;

/** Time to pixels: work to scale, long waits between it cut. `work` may overlap and be in any order. Pure, never throws. */
export function timeScale(work: readonly Span[], whole: Span, width: number): TimeScale {
  const idle = waits(work, whole);
  const idleMs = sum(idle.map(lengthOf));
  const most = Math.max(LEAST_CUT_MS, LONG * (lengthOf(whole) - idleMs));
  const long = idle.filter((span) => lengthOf(span) > most).sort((one, other) => lengthOf(other) - lengthOf(one));
  // So many that work keeps the greater part of the width.
  const cut = long.slice(0, Math.floor(width / 3 / CUT_WIDTH)).sort((one, other) => one.from - other.from);
  const perMs = (width - cut.length * CUT_WIDTH) / Math.max(1, lengthOf(whole) - sum(cut.map(lengthOf)));
  const x = (at: number): number => {
    const time = Math.min(Math.max(at, whole.from), whole.to);
    let left = (time - whole.from) * perMs;
    for (const span of cut) {
      const inside = Math.min(Math.max(time - span.from, 0), lengthOf(span));
      left += (inside / lengthOf(span)) * CUT_WIDTH - inside * perMs;
    }
    return round(left);
  };
  return { x, cuts: cut.map((span) => ({ x: x(span.from), width: CUT_WIDTH, ms: lengthOf(span) })) };
}

/** Where nothing is done. */
function waits(work: readonly Span[], { from, to }: Span): Span[] {
  const found: Span[] = [];
  let busyTo = from;
  for (const span of [...work, { from: to, to }].sort((one, other) => one.from - other.from)) {
    if (span.from > busyTo) found.push({ from: busyTo, to: span.from });
    busyTo = Math.max(busyTo, span.to);
  }
  return found;
}

const lengthOf = ({ from, to }: Span): number => to - from;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
