import {
  type DetailPart,
  type EventFacts,
  type InstanceDetail,
  type OpenTransaction,
} from '../../workflows/decisions/facts';
import { RunbookError } from '../errors';
import { type CallOptions, type Mysql } from '../mysql/mysql';
import { DETAIL_VARIABLES } from './detail-variables';
import { readJobs } from './jobs';
import { type QuickFacts } from './quick';
import { readSchemaChanges } from './schema-changes';

/** Parts that ask for much of a big server give up early, so that they do not take the others' time. */
const SLOW_PART_MS = 5_000;

/**
 * The rest of a full look: what doctor and preflights judge. Every part stands alone: one that cannot be read (a missing
 * privilege, a server with a million tables) stays empty and is named in `notRead`. Only a lost server ends the look.
 */
export async function readDetail(server: Mysql, quick: QuickFacts, options: CallOptions): Promise<InstanceDetail> {
  const notRead: { part: DetailPart; because: string }[] = [];
  const part = async <Facts>(name: DetailPart, empty: Facts, read: () => Promise<Facts>): Promise<Facts> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof RunbookError) || !COSTS_ONE_PART.has(error.code)) throw error;
      notRead.push({ part: name, because: error.message });
      return empty;
    }
  };
  const slow = { deadlineMs: Math.min(SLOW_PART_MS, options.deadlineMs ?? SLOW_PART_MS) };

  const [
    variables,
    binlogFilters,
    persisted,
    dynamic,
    transactions,
    preparedXa,
    events,
    tables,
    grants,
    plugins,
    clockSkewMs,
    recordsLocks,
    jobs,
    schemaChanges,
  ] = await Promise.all([
    part('variables', {}, () => readVariables(server, options)),
    part('binary log filters', {}, () => readBinlogFilters(server, quick, options)),
    part('persisted variables', {}, () => readPersisted(server, quick, options)),
    part('variables changed since boot', null, () => readChangedSinceBoot(server, quick, options)),
    part('open transactions', [], () => readTransactions(server, options)),
    part('prepared XA transactions', [], () => readPreparedXa(server, options)),
    part('events', [], () => readEvents(server, options)),
    part('tables that are not InnoDB', [], () => readNonInnodbTables(server, slow)),
    part('grants', [], () => readGrants(server, quick, options)),
    part('plugins', [], () => readPlugins(server, options)),
    part('clock', 0, () => readClockSkew(server, options)),
    part('lock recording', false, () => readRecordsLocks(server, options)),
    part('clones and backups', [], () => readJobs(server, options)),
    part('schema changes', [], () => readSchemaChanges(server, quick, slow)),
  ]);
  return {
    variables: { ...variables, ...binlogFilters },
    atBoot: valuesAtBoot(variables, persisted, dynamic),
    transactions,
    preparedXa,
    events,
    nonInnodbTables: tables,
    grants,
    plugins,
    clockSkewMs,
    recordsLocks,
    jobs,
    schemaChanges,
    ...(notRead.length > 0 && { notRead }),
  };
}

const COSTS_ONE_PART = new Set(['MISSING_PRIVILEGE', 'STATEMENT_FAILED', 'HOST_TIMED_OUT', 'LOCK_WAIT_EXCEEDED']);

type Values = Record<string, string>;
const toValues = (rows: readonly { name: string; value: string | null }[]): Values =>
  Object.fromEntries(rows.map(({ name, value }) => [name.toLowerCase(), value ?? '']));

async function readVariables(server: Mysql, options: CallOptions): Promise<Values> {
  const rows = await server.rows<{ Variable_name: string; Value: string }>(
    'SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)',
    [DETAIL_VARIABLES],
    options,
  );
  return toValues(rows.map((row) => ({ name: row.Variable_name, value: row.Value })));
}

/** binlog_do_db and binlog_ignore_db are options without a variable; only this statement shows them. */
async function readBinlogFilters(server: Mysql, { version }: QuickFacts, options: CallOptions): Promise<Values> {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  // Renamed in 8.2, the old words are gone in 8.4.
  const modern = major > 8 || (major === 8 && minor >= 2);
  const [row] = await server.rows<{ Binlog_Do_DB?: string; Binlog_Ignore_DB?: string }>(
    modern ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
    [],
    options,
  );
  return { binlog_do_db: row?.Binlog_Do_DB ?? '', binlog_ignore_db: row?.Binlog_Ignore_DB ?? '' };
}

async function readPersisted(server: Mysql, { release }: QuickFacts, options: CallOptions): Promise<Values> {
  if (release === '5.7') return {};
  return toValues(
    await server.rows(
      'SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.persisted_variables',
      [],
      options,
    ),
  );
}

/** Names of the variables whose present value was set at run time; null where the server does not tell (5.7, no privilege). */
async function readChangedSinceBoot(
  server: Mysql,
  { release }: QuickFacts,
  options: CallOptions,
): Promise<Set<string> | null> {
  if (release === '5.7') return null;
  const rows = await server.rows<{ name: string }>(
    "SELECT VARIABLE_NAME AS name FROM performance_schema.variables_info WHERE VARIABLE_SOURCE = 'DYNAMIC'",
    [],
    options,
  );
  return new Set(rows.map(({ name }) => name.toLowerCase()));
}

/**
 * The value after the next start, where it can be known: what is persisted wins over every file and option; a value that nobody
 * changed since the last start will come back; one that was changed and not persisted is left out, for files can say anything.
 * Source: MySQL manual, "Persisted System Variables", "The variables_info Table".
 */
export function valuesAtBoot(now: Values, persisted: Values, changed: ReadonlySet<string> | null): Values {
  const unchanged = changed === null ? [] : Object.entries(now).filter(([name]) => !changed.has(name));
  const known = Object.entries(persisted).filter(([name]) => name in now);
  return { ...Object.fromEntries(unchanged), ...Object.fromEntries(known) };
}

interface TransactionRow extends Omit<OpenTransaction, 'query' | 'user'> {
  readonly user: string | null;
  readonly query: string | null;
}

async function readTransactions(server: Mysql, options: CallOptions): Promise<OpenTransaction[]> {
  // trx_started is in the server's system time zone whatever the session's is.
  const rows = await server.rows<TransactionRow>(
    `SELECT t.trx_mysql_thread_id AS session, p.PROCESSLIST_USER AS user, t.trx_rows_modified AS rowsModified,
            TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(NOW(), '+00:00', 'SYSTEM')) AS ageSeconds,
            COALESCE(t.trx_query, p.PROCESSLIST_INFO) AS query
       FROM information_schema.INNODB_TRX t
       LEFT JOIN performance_schema.threads p ON p.PROCESSLIST_ID = t.trx_mysql_thread_id
      WHERE t.trx_mysql_thread_id <> CONNECTION_ID() AND t.trx_mysql_thread_id <> 0
      ORDER BY t.trx_started LIMIT 200`,
    [],
    options,
  );
  return rows.map((row) => ({
    session: row.session,
    user: row.user ?? '',
    ageSeconds: row.ageSeconds,
    rowsModified: row.rowsModified,
    query: withoutLiterals(row.query ?? ''),
  }));
}

/** The shape of a statement without its data: this ends in workflow history, where passwords and customers' rows must not be. */
export const withoutLiterals = (sql: string): string => shapeOf(sql).slice(0, 160);

/** The same, however long: two statements with other values have one. */
export const shapeOf = (sql: string): string =>
  sql
    .replace(/'(?:[^'\\]|\\.|'')*('|$)|"(?:[^"\\]|\\.|"")*("|$)/gs, '?')
    .replace(/\b\d[\w.]*/g, '?')
    .replace(/\s+/g, ' ');

/** As XA COMMIT and XA ROLLBACK take them: `X'gtrid',X'bqual',formatID`. */
async function readPreparedXa(server: Mysql, options: CallOptions): Promise<string[]> {
  const rows = await server.rows<{ formatID: number; gtrid_length: number; data: string }>(
    'XA RECOVER CONVERT XID',
    [],
    options,
  );
  return rows.map(({ formatID, gtrid_length, data }) => {
    const hex = data.replace(/^0x/i, '');
    const middle = gtrid_length * 2;
    return `X'${hex.slice(0, middle)}',X'${hex.slice(middle)}',${formatID}`;
  });
}

const readEvents = (server: Mysql, options: CallOptions): Promise<EventFacts[]> =>
  server.rows(
    'SELECT EVENT_SCHEMA AS `schema`, EVENT_NAME AS name, STATUS AS status FROM information_schema.EVENTS ORDER BY 1, 2',
    [],
    options,
  );

async function readNonInnodbTables(server: Mysql, options: CallOptions): Promise<string[]> {
  const rows = await server.rows<{ name: string }>(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' (', ENGINE, ')') AS name
       FROM information_schema.TABLES
      WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB'
        AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')
      LIMIT 50`,
    [],
    options,
  );
  return rows.map(({ name }) => name);
}

/** Privileges that come by roles are spelled out: the account has them as much as its own. */
async function readGrants(server: Mysql, { release }: QuickFacts, options: CallOptions): Promise<string[]> {
  // The server quotes the names of the roles itself; `NONE` when there is none.
  const roles = release === '5.7' ? 'NONE' : String(await server.value('SELECT CURRENT_ROLE()', [], options));
  const using = roles === 'NONE' ? '' : ` USING ${roles}`;
  const rows = await server.rows<Record<string, string>>(`SHOW GRANTS FOR CURRENT_USER()${using}`, [], options);
  return rows.map((row) => (Object.values(row)[0] ?? '').replace(/ IDENTIFIED .*?'[^']*'/, ''));
}

async function readPlugins(server: Mysql, options: CallOptions): Promise<string[]> {
  const rows = await server.rows<{ name: string }>(
    "SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE' ORDER BY 1",
    [],
    options,
  );
  return rows.map(({ name }) => name);
}

/** Compared with the middle of the question's way there and back. Negative: the server's clock is behind ours. */
async function readClockSkew(server: Mysql, options: CallOptions): Promise<number> {
  const asked = Date.now();
  const seconds = Number(await server.value('SELECT UNIX_TIMESTAMP(NOW(6))', [], options));
  return Math.round(seconds * 1000 - (asked + Date.now()) / 2);
}

/** The instrument, and the consumer without which no instrument works. Manual: "The metadata_locks Table", "Performance Schema Startup Configuration". */
const readRecordsLocks = async (server: Mysql, options: CallOptions): Promise<boolean> =>
  Number(
    await server.value(
      `SELECT COUNT(*) FROM performance_schema.setup_instruments i JOIN performance_schema.setup_consumers c
        WHERE i.NAME = 'wait/lock/metadata/sql/mdl' AND i.ENABLED = 'YES' AND c.NAME = 'global_instrumentation' AND c.ENABLED = 'YES'`,
      [],
      options,
    ),
  ) > 0;
