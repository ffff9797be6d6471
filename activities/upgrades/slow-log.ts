import { isAbsolute, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type LoggedStatement, parseSlowLog } from '../../workflows/decisions/upgrading/slow-log';
import { type Deps, knownInstance, serverAsBackup } from '../deps';
import { hostOf } from '../hosts/control';
import { type Mysql } from '../mysql/mysql';

const MOST_ROWS = 2_000;
const MOST_BYTES = 4 * 1024 * 1024;
const READ_WITHIN_MS = 20_000;

/**
 * What the slow query log of a server has, the slowest first: of the table `mysql.slow_log`, and of the end of the file where programs can be run
 * on its host. Nothing where neither can be read. Changes nothing. Source: MySQL manual, "Selecting General Query Log and Slow Query Log Output
 * Destinations".
 */
export async function readSlowLog(deps: Deps, cluster: Cluster, name: string): Promise<LoggedStatement[]> {
  const server = serverAsBackup(deps, cluster, name);
  const [set] = await server
    .rows<{ output: string; file: string; datadir: string }>(
      'SELECT @@global.log_output AS output, @@global.slow_query_log_file AS file, @@global.datadir AS datadir',
    )
    .catch(() => []);
  if (!set) return [];
  const has = (destination: string) => set.output.split(',').includes(destination);
  const file = isAbsolute(set.file) ? set.file : join(set.datadir, set.file);
  const [ofTable, ofFile] = await Promise.all([
    has('TABLE') ? readTable(server).catch(() => []) : [],
    has('FILE') ? readFile(cluster, name, file).catch(() => []) : [],
  ]);
  return [...ofTable, ...ofFile].sort((one, other) => other.ms - one.ms);
}

const readTable = (server: Mysql): Promise<LoggedStatement[]> =>
  server.rows<LoggedStatement>(
    `SELECT db AS \`schema\`, SUBSTRING_INDEX(user_host, '[', 1) AS user, CONVERT(sql_text USING utf8mb4) AS text, TIME_TO_SEC(query_time) * 1000 + MICROSECOND(query_time) DIV 1000 AS ms
       FROM mysql.slow_log ORDER BY start_time DESC LIMIT ${MOST_ROWS}`,
    [],
    { deadlineMs: READ_WITHIN_MS },
  );

async function readFile(cluster: Cluster, name: string, file: string): Promise<LoggedStatement[]> {
  const open = hostOf(cluster, knownInstance(cluster, name))?.open;
  if (!open) return [];
  const running = open(['tail', '-c', String(MOST_BYTES), file]);
  const timer = setTimeout(() => running.end(), READ_WITHIN_MS);
  try {
    return parseSlowLog(await text(running.output));
  } finally {
    clearTimeout(timer);
    running.end();
  }
}
