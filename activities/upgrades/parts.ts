import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';

/** Reads of information_schema, one after the other: a big server is not asked for everything at once. */
export interface PartReader {
  readonly deep: boolean;
  /** Rows of one question, which is given up after its time, by the server too. What is cut or not read is written down under `part`. */
  rows<Row extends object>(part: string, select: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Something else; `empty` where it cannot be done. */
  part<Result>(part: string, empty: Result, read: (deadlineMs: number) => Promise<Result>): Promise<Result>;
  readonly notRead: { readonly part: string; readonly because: string }[];
}

const QUICK_MS = 25_000;
const DEEP_MS = 600_000;
/** More of a kind than anybody would cure by hand. */
export const MOST_ROWS = 20_000;

const COSTS_ONE_PART = new Set(['MISSING_PRIVILEGE', 'STATEMENT_FAILED', 'HOST_TIMED_OUT', 'LOCK_WAIT_EXCEEDED']);

/** Every part stands alone: a missing privilege or a server with a million tables costs that part and is told. Only a lost server ends the look. */
export function readParts(server: Mysql, deep: boolean): PartReader {
  const deadlineMs = deep ? DEEP_MS : QUICK_MS;
  const notRead: { part: string; because: string }[] = [];
  const part: PartReader['part'] = async (name, empty, read) => {
    try {
      return await read(deadlineMs);
    } catch (error) {
      if (!(error instanceof RunbookError) || !COSTS_ONE_PART.has(error.code)) throw error;
      notRead.push({ part: name, because: error.message });
      return empty;
    }
  };
  return {
    deep,
    notRead,
    part,
    rows: async <Row extends object>(name: string, select: string, values: readonly unknown[] = []) => {
      const bounded = `${select.replace(/^\s*SELECT/, `SELECT /*+ MAX_EXECUTION_TIME(${deadlineMs}) */`)} LIMIT ${MOST_ROWS + 1}`;
      const rows = await part<Row[]>(name, [], (ms) => server.rows<Row>(bounded, values, { deadlineMs: ms + 2_000 }));
      if (rows.length > MOST_ROWS) notRead.push({ part: name, because: `there are more than ${MOST_ROWS}` });
      return rows.slice(0, MOST_ROWS);
    },
  };
}
