import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverAsBackup, serverNamed } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { awaitExecuted, bringTo, executedOn } from '../replication/meet';
import { startApplier } from '../replication/receivers';
import { wordsOf } from '../replication/statements';

export interface CompareOrder {
  readonly cluster: Cluster;
  /** A replica of the old release. */
  readonly old: string;
  /** A replica of the new one. */
  readonly fresh: string;
  /** Rows of each table, the first by its primary key. */
  readonly rows: number;
}

export interface Compared {
  readonly tables: number;
  readonly rows: number;
  /** `schema.table`, with what differs; of many the first. */
  readonly different: readonly string[];
  /** Transactions up to which both were held. */
  readonly at: string;
}

const COMES_WITHIN_SECONDS = 60;
const TABLE_MS = 600_000;
/** A history is no place for a list of ten thousand tables. */
const MOST = 50;

/**
 * Compare rows of two replicas at one and the same transaction: the appliers of both are stopped, the new one's at the old one's position;
 * their receivers go on, so acknowledgements do. Both apply again afterwards, also when this fails; an attempt that follows one that died
 * begins with starting them. Throws RELAY_LOG_STALLED (they could not be held at one position), STATEMENT_FAILED.
 * Source: MySQL manual, "START REPLICA Statement" (UNTIL SQL_AFTER_GTIDS).
 */
export async function compareRows(deps: Deps, order: CompareOrder): Promise<Compared> {
  const { cluster, old, fresh } = order;
  const [theirs, ours] = [serverNamed(deps, cluster, old), serverNamed(deps, cluster, fresh)];
  await applyAgain(deps, cluster, [old, fresh]);
  try {
    const at = await holdAtOne(theirs, ours);
    deps.checkpoint('compare:held');
    return { ...(await compareTables(deps, order)), at };
  } finally {
    await applyAgain(deps, cluster, [old, fresh]);
  }
}

/** Start the appliers of these servers. Idempotent. */
export async function applyAgain(deps: Deps, cluster: Cluster, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => startApplier(serverNamed(deps, cluster, name))));
}

async function holdAtOne(theirs: Mysql, ours: Mysql): Promise<string> {
  await ours.run((await wordsOf(ours)).stopApplier, [], { deadlineMs: TABLE_MS });
  await awaitExecuted(theirs, await executedOn(ours), COMES_WITHIN_SECONDS);
  await theirs.run((await wordsOf(theirs)).stopApplier, [], { deadlineMs: TABLE_MS });
  const at = await executedOn(theirs);
  await bringTo(ours, at, COMES_WITHIN_SECONDS);
  return at;
}

interface Column {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** Its place in the primary key; 0 = it is no part of it. */
  readonly keyed: number;
}

async function compareTables(deps: Deps, { cluster, old, fresh, rows }: CompareOrder): Promise<Omit<Compared, 'at'>> {
  const [theirs, ours] = [old, fresh].map((name) => serverAsBackup(deps, cluster, name)) as [Mysql, Mysql];
  const tables = await tablesOf(theirs, cluster.schema);
  const different: string[] = [];
  let compared = 0;
  for (const [table, columns] of tables) {
    deps.heartbeat({ comparing: table });
    const sql = checksum(table, columns, rows);
    const [before, after] = await Promise.all([theirs, ours].map((server) => checksumOn(server, sql)));
    compared += before?.rows ?? 0;
    if (before?.rows !== after?.rows)
      different.push(`${table}: ${before?.rows ?? 0} rows on ${old}, ${after?.rows ?? 0} on ${fresh}`);
    else if (before?.sum !== after?.sum) different.push(`${table}: the rows differ`);
  }
  const more = different.length - MOST;
  const told = more > 0 ? [...different.slice(0, MOST), `${more} tables more`] : different;
  return { tables: tables.size, rows: compared, different: told };
}

async function tablesOf(server: Mysql, own: string): Promise<ReadonlyMap<string, Column[]>> {
  const columns = await server.rows<Column>(
    `SELECT c.TABLE_SCHEMA AS \`schema\`, c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS \`column\`, c.DATA_TYPE AS type,
            COALESCE(k.ORDINAL_POSITION, 0) AS keyed
       FROM information_schema.COLUMNS c
       JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
       LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
            AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY'
      WHERE t.TABLE_TYPE = 'BASE TABLE'
        AND c.TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema', ?)
      ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`,
    [own],
    { deadlineMs: TABLE_MS },
  );
  const tables = new Map<string, Column[]>();
  for (const column of columns) {
    const key = `${quoteName(column.schema)}.${quoteName(column.table)}`;
    tables.set(key, [...(tables.get(key) ?? []), column]);
  }
  return tables;
}

/** The same bytes give the same sum, in whatever order rows are read. Columns as bytes: character sets of two releases are not to be mixed. */
function checksum(table: string, columns: readonly Column[], rows: number): string {
  const name = ({ column }: Column) => quoteName(column);
  const bytes = (one: Column) =>
    one.type === 'json' ? `CAST(CAST(${name(one)} AS CHAR) AS BINARY)` : `CAST(${name(one)} AS BINARY)`;
  const key = columns.filter(({ keyed }) => keyed > 0).sort((one, other) => one.keyed - other.keyed);
  const order = (key.length > 0 ? key : columns.filter(({ type }) => type !== 'json')).map(name).join(', ');
  const empty = columns.map((one) => `ISNULL(${name(one)})`).join(', ');
  return `SELECT COUNT(*) AS \`rows\`, CONV(BIT_XOR(CRC32(CONCAT_WS('#', ${columns.map(bytes).join(', ')}, CONCAT(${empty})))), 10, 16) AS sum
            FROM (SELECT * FROM ${table} ORDER BY ${order} LIMIT ${rows}) AS sample`;
}

const checksumOn = (server: Mysql, sql: string): Promise<{ rows: number; sum: string } | undefined> =>
  server.session(
    async (session) => {
      await session.run("SET SESSION time_zone = '+00:00'");
      return (await session.rows<{ rows: number; sum: string }>(sql))[0];
    },
    { deadlineMs: TABLE_MS },
  );
