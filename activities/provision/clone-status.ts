import { type StageProgress } from '../../workflows/decisions/progress';
import { type Mysql } from '../mysql/mysql';

export interface CloneStatus {
  readonly state: 'Not Started' | 'In Progress' | 'Completed' | 'Failed';
  /** host:port of the donor. */
  readonly source: string;
  /** UTC, as the server prints it. */
  readonly begun: string;
  readonly errno: number;
  readonly error: string;
  readonly gtids: string;
  /** Its session; null when that is not there any more: a restart leaves `In Progress` behind. */
  readonly session: number | null;
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

interface Row extends Omit<CloneStatus, 'stage' | 'done' | 'total'> {
  readonly stage: string | null;
  readonly done: number | null;
  readonly total: number | null;
}

/**
 * What the server says of its newest CLONE; null = there was none. Sizes are over all stages, so that they only grow.
 * Source: MySQL manual, "The clone_status Table", "The clone_progress Table".
 */
export async function readCloneStatus(server: Mysql): Promise<CloneStatus | null> {
  const [row] = await server.rows<Row>(
    `SELECT c.STATE AS state, c.SOURCE AS source, CAST(c.BEGIN_TIME AS CHAR) AS begun, c.ERROR_NO AS errno, c.ERROR_MESSAGE AS error,
            c.GTID_EXECUTED AS gtids, t.PROCESSLIST_ID AS session,
            (SELECT p.STAGE FROM performance_schema.clone_progress p WHERE p.STATE IN ('In Progress', 'Failed') LIMIT 1) AS stage,
            (SELECT CAST(SUM(p.DATA) AS DOUBLE) FROM performance_schema.clone_progress p) AS done,
            (SELECT CAST(SUM(p.ESTIMATE) AS DOUBLE) FROM performance_schema.clone_progress p) AS total
       FROM performance_schema.clone_status c
       LEFT JOIN performance_schema.threads t ON t.PROCESSLIST_ID = c.PID`,
    [],
    { deadlineMs: 3_000 },
  );
  if (!row) return null;
  return { ...row, stage: row.stage ?? '', done: row.done ?? 0, total: row.total ?? 0 };
}

/** Speed over the looks of the last ten seconds. */
export function speedometer(): (stage: string, done: number, total: number | null) => StageProgress {
  const looks: { atMs: number; done: number }[] = [];
  return (stage, done, total) => {
    const atMs = performance.now();
    looks.push({ atMs, done });
    while (looks.length > 2 && atMs - (looks[0]?.atMs ?? atMs) > 10_000) looks.shift();
    const first = looks[0] ?? { atMs, done };
    const seconds = (atMs - first.atMs) / 1000;
    const rate = seconds > 0 ? Math.max(0, done - first.done) / seconds : 0;
    const left = total === null ? null : Math.max(0, total - done);
    return { stage, done, total, unit: 'bytes', rate, etaSeconds: left !== null && rate > 0 ? left / rate : null };
  };
}
