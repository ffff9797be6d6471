/**
 * What a load saw, judged. Pure: acknowledgements and rows in, findings out. Times are milliseconds of the load's
 * performance clock (`performance.now()` of the process that ran it).
 */
export interface Acknowledgement {
  readonly writer: number;
  readonly sequence: number;
  readonly atMs: number;
  /** server_uuid of the server that said so. */
  readonly by: string;
  /** `found`: an earlier try of unknown outcome had been committed, the server told by its duplicate-key error. */
  readonly how: 'inserted' | 'found';
}

export interface FailedStatement {
  readonly writer: number;
  readonly sequence: number;
  readonly atMs: number;
  readonly by: string;
  /** The driver's or server's code: `ECONNRESET`, `ER_OPTION_PREVENTS_STATEMENT`, `PROTOCOL_CONNECTION_LOST` … */
  readonly code: string;
  /** `refused`: the server said no, so it is not committed. `unknown`: the answer was lost, so it may be. */
  readonly outcome: 'refused' | 'unknown';
}

export type RowKey = string;
export const rowKey = (row: { readonly writer: number; readonly sequence: number }): RowKey =>
  `${row.writer}/${row.sequence}`;

/** Acknowledged writes that are not among the rows: what clients were promised and do not have. */
export const lost = (acknowledged: readonly Acknowledgement[], rows: ReadonlySet<RowKey>): Acknowledgement[] =>
  acknowledged.filter((write) => !rows.has(rowKey(write)));

export interface WriteGap {
  /** Last acknowledgement before the silence; the fault itself when there was none. */
  readonly lastBeforeMs: number;
  /** First one after it; null while writes have not resumed. */
  readonly firstAfterMs: number | null;
  /** Recovery time as the client sees it: from the fault to the first acknowledgement after the silence. */
  readonly sinceFaultMs: number | null;
  /** Length of the silence. */
  readonly silenceMs: number | null;
}

/**
 * The longest silence that ends after the fault. Not simply "the first acknowledgement after it": answers that were on
 * their way when the fault struck arrive a moment later.
 */
export function writeGap(acknowledged: readonly Acknowledgement[], faultAtMs: number): WriteGap {
  const times = acknowledged.map(({ atMs }) => atMs).sort((one, other) => one - other);
  const lastBefore = times.filter((at) => at <= faultAtMs).at(-1) ?? faultAtMs;
  const after = times.filter((at) => at > faultAtMs);
  let longest: WriteGap = { lastBeforeMs: lastBefore, firstAfterMs: null, sinceFaultMs: null, silenceMs: null };
  let previous = lastBefore;
  for (const at of after) {
    if (at - previous > (longest.silenceMs ?? -1)) {
      longest = { lastBeforeMs: previous, firstAfterMs: at, sinceFaultMs: at - faultAtMs, silenceMs: at - previous };
    }
    previous = at;
  }
  return longest;
}

/** An uninterrupted run of writes that one server has taken. */
export interface Tenure {
  readonly by: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

/** A row that was found says nothing of who takes writes now: behind a multiplexer it names the server that took it long before. */
export function tenures(acknowledged: readonly Acknowledgement[]): Tenure[] {
  const inserted = acknowledged.filter(({ how }) => how === 'inserted');
  const inOrder = inserted.sort((one, other) => one.atMs - other.atMs);
  return inOrder.reduce<Tenure[]>((runs, { by, atMs }) => {
    const last = runs.at(-1);
    if (last?.by !== by) return [...runs, { by, firstMs: atMs, lastMs: atMs, count: 1 }];
    runs[runs.length - 1] = { ...last, lastMs: atMs, count: last.count + 1 };
    return runs;
  }, []);
}

/**
 * Tenures that should not be: a server acknowledged again after another one had taken over. `expected` names the primaries
 * in their order when one of them rightly serves twice; by default nobody does.
 */
export function doublePrimaries(acknowledged: readonly Acknowledgement[], expected?: readonly string[]): Tenure[] {
  const runs = tenures(acknowledged);
  const order = expected ?? [...new Set(runs.map(({ by }) => by))];
  let place = 0;
  return runs.filter(({ by }) => {
    const found = order.indexOf(by, place);
    if (found >= 0) place = found;
    return found < 0;
  });
}
