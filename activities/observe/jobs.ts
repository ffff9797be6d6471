import { type Job } from '../../workflows/decisions/facts';
import { errnoOf } from '../mysql/driver-errors';
import { type CallOptions, type Mysql } from '../mysql/mysql';

/** As they name themselves (`program_name`); a Perl tool sends the path that it was started by. */
const BACKUPS = ['mysqldump', 'mariadb-dump', 'mysqlpump', 'mydumper', 'xtrabackup', 'mariabackup', 'mysqlbackup'];
const PT_OSC = 'pt-online-schema-change';

/** How mysqldump and mydumper begin every read of a table, also under another program's name. */
const DUMPS_LIKE = 'SELECT /*!40001 SQL_NO_CACHE */%';
/** A snapshot that is read from for longer may be a backup that nobody can recognise. */
const LONG_SNAPSHOT_SECONDS = 60;

interface Found extends Omit<Job, 'sessions' | 'user'> {
  readonly session: number;
  readonly user: string | null;
}

/**
 * Sessions that copy this server or read its binary log: CLONE at either end, backups by their program, lock or snapshot, readers of the
 * binary log. Read only. A backup that takes no lock, reads short snapshots and hides its name is not seen.
 * Source: MySQL manual, "The clone_status Table", "Performance Schema Connection Attribute Tables", "The INNODB_TRX Table".
 */
export async function readJobs(server: Mysql, options: CallOptions): Promise<Job[]> {
  const [threads, clones, locks, snapshots] = await Promise.all([
    readThreads(server, options),
    readClones(server, options),
    readBackupLocks(server, options),
    readSnapshots(server, options),
  ]);
  const known = new Set(threads.map(({ session }) => session));
  return grouped([...threads, ...clones, ...locks, ...snapshots.filter(({ session }) => !known.has(session))]);
}

/** A program with many sessions is one job. */
function grouped(found: readonly Found[]): Job[] {
  const jobs = new Map<string, Job>();
  for (const { session, user, kind, by } of found) {
    const key = JSON.stringify([kind, by, user]);
    const before = jobs.get(key)?.sessions ?? [];
    jobs.set(key, { kind, by, user: user ?? '', sessions: [...before, session] });
  }
  return [...jobs.values()];
}

interface ThreadRow {
  readonly session: number;
  readonly user: string;
  readonly command: string;
  readonly program: string | null;
  readonly uuid: string | null;
}

async function readThreads(server: Mysql, options: CallOptions): Promise<Found[]> {
  const rows = await server.rows<ThreadRow>(
    `SELECT t.PROCESSLIST_ID AS session, t.PROCESSLIST_USER AS user, LOWER(t.PROCESSLIST_COMMAND) AS command,
            SUBSTRING_INDEX(a.ATTR_VALUE, '/', -1) AS program, CONVERT(v.VARIABLE_VALUE USING utf8) AS uuid
       FROM performance_schema.threads t
       LEFT JOIN performance_schema.session_connect_attrs a
         ON a.PROCESSLIST_ID = t.PROCESSLIST_ID AND a.ATTR_NAME = 'program_name'
       LEFT JOIN performance_schema.user_variables_by_thread v ON v.THREAD_ID = t.THREAD_ID AND v.VARIABLE_NAME = 'slave_uuid'
      WHERE t.PROCESSLIST_USER IS NOT NULL
        AND (LOWER(t.PROCESSLIST_COMMAND) = 'clone' OR LOWER(t.PROCESSLIST_COMMAND) LIKE 'binlog dump%'
          OR SUBSTRING_INDEX(a.ATTR_VALUE, '/', -1) IN (?))`,
    [[...BACKUPS, PT_OSC]],
    options,
  );
  return rows.map(({ session, user, command, program, uuid }) => {
    if (command === 'clone') return { session, user, kind: 'clone donor', by: '' };
    if (command.startsWith('binlog dump')) return { session, user, kind: 'binlog reader', by: uuid ?? '' };
    return { session, user, kind: program === PT_OSC ? 'schema change' : 'backup', by: program ?? '' };
  });
}

/** Unknown table: the plugin was never loaded, or the release has none. */
const NO_SUCH_TABLE = 1146;

/** What a restart broke off stays `In Progress` in the table: it counts while its session is there. */
async function readClones(server: Mysql, options: CallOptions): Promise<Found[]> {
  try {
    return await server.rows<Found>(
      `SELECT 'clone' AS kind, c.SOURCE AS \`by\`, c.PID AS session, t.PROCESSLIST_USER AS user
         FROM performance_schema.clone_status c JOIN performance_schema.threads t ON t.PROCESSLIST_ID = c.PID
        WHERE c.STATE IN ('Not Started', 'In Progress')`,
      [],
      options,
    );
  } catch (error) {
    if (errnoOf(error) === NO_SUCH_TABLE) return [];
    throw error;
  }
}

const readBackupLocks = (server: Mysql, options: CallOptions): Promise<Found[]> =>
  server.rows<Found>(
    `SELECT 'backup lock' AS kind, t.PROCESSLIST_ID AS session, t.PROCESSLIST_USER AS user,
            IF(l.OBJECT_TYPE = 'GLOBAL', 'FLUSH TABLES WITH READ LOCK', 'LOCK INSTANCE FOR BACKUP') AS \`by\`
       FROM performance_schema.metadata_locks l JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID
      WHERE l.LOCK_STATUS = 'GRANTED' AND l.OBJECT_TYPE IN ('GLOBAL', 'BACKUP LOCK') AND l.LOCK_TYPE = 'SHARED'
        AND t.PROCESSLIST_USER IS NOT NULL`,
    [],
    options,
  );

interface SnapshotRow {
  readonly session: number;
  readonly user: string;
  readonly ageSeconds: number;
}

/** Applications leave snapshots open, too: one counts that is being read from now, in a transaction that has written nothing. */
async function readSnapshots(server: Mysql, options: CallOptions): Promise<Found[]> {
  const rows = await server.rows<SnapshotRow>(
    `SELECT x.trx_mysql_thread_id AS session, t.PROCESSLIST_USER AS user,
            TIMESTAMPDIFF(SECOND, x.trx_started, CONVERT_TZ(NOW(), '+00:00', 'SYSTEM')) AS ageSeconds, x.trx_query AS query
       FROM information_schema.INNODB_TRX x
       JOIN performance_schema.threads t ON t.PROCESSLIST_ID = x.trx_mysql_thread_id
      WHERE x.trx_rows_modified = 0 AND x.trx_autocommit_non_locking = 0 AND x.trx_isolation_level = 'REPEATABLE READ'
        AND x.trx_query IS NOT NULL AND t.PROCESSLIST_USER NOT IN ('system user', 'event_scheduler')
     HAVING query LIKE ? OR ageSeconds >= ?`,
    [DUMPS_LIKE, LONG_SNAPSHOT_SECONDS],
    options,
  );
  return rows.map(({ session, user, ageSeconds }) => ({ session, user, kind: 'snapshot', by: `${ageSeconds} s` }));
}
