import { createHash } from 'node:crypto';
import { type Mysql, type Session } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { SYSTEM_SCHEMAS } from './survey';

export interface Sampled {
  /** `schema.table`. */
  readonly table: string;
  readonly rows: number;
  readonly checksum: string;
}

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns of the primary key in order; empty = it has none. */
  readonly key: readonly string[];
}

/** From either end of the primary key: old rows and new ones. */
const ROWS_PER_END = 5_000;
/** A table without a key is read whole, so it must be small. */
const SMALL_ROWS = 50_000;

interface Listed {
  readonly schema: string;
  readonly name: string;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly keyed: number;
}

/** A fleet of tables is not listed whole. */
const MOST_LISTED = 20_000;

/** Base tables in InnoDB: the largest ones, and others that differ from run to run. */
export async function tablesToSample(server: Mysql, seed: string, most: number): Promise<Table[]> {
  const listed = await server.rows<Listed>(
    `SELECT t.TABLE_SCHEMA AS \`schema\`, t.TABLE_NAME AS name, t.TABLE_ROWS AS \`rows\`, t.DATA_LENGTH AS bytes, c.TABLE_NAME IS NOT NULL AS keyed
       FROM information_schema.TABLES t LEFT JOIN information_schema.TABLE_CONSTRAINTS c
         ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY'
      WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.ENGINE = 'InnoDB' AND t.TABLE_SCHEMA NOT IN (?) LIMIT ?`,
    [SYSTEM_SCHEMAS, MOST_LISTED],
    { deadlineMs: 60_000 },
  );
  const possible = listed.filter(({ keyed, rows }) => keyed === 1 || (rows ?? 0) < SMALL_ROWS);
  const large = [...possible].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0)).slice(0, Math.ceil(most / 2));
  const drawn = (one: Listed) => createHash('sha256').update(`${seed}/${one.schema}.${one.name}`).digest('hex');
  const others = possible.filter((one) => !large.includes(one)).sort((a, b) => (drawn(a) < drawn(b) ? -1 : 1));
  const chosen = [...large, ...others].slice(0, most);
  return Promise.all(chosen.map(({ schema, name }) => describe(server, schema, name)));
}

async function describe(server: Mysql, schema: string, name: string): Promise<Table> {
  const [columns, key] = await Promise.all([
    server.rows<{ name: string }>(
      'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
      [schema, name],
    ),
    server.rows<{ name: string | null }>(
      `SELECT COLUMN_NAME AS name FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
      [schema, name],
    ),
  ]);
  return {
    schema,
    name,
    columns: columns.map((one) => one.name),
    key: key.flatMap((one) => one.name ?? []),
  };
}

/** Order plays no part in the sum, and each value counts in its column: CRC32 of each, so that character sets never meet. */
export async function checksum(session: Session, table: Table, deadlineMs: number): Promise<Sampled> {
  const { schema, name, columns, key } = table;
  const values = columns.map((column) => `COALESCE(CRC32(${quoteName(column)}), 'NULL')`).join(', ');
  const row = `CRC32(CONCAT_WS('#', ${values}))`;
  const all = `SELECT ${row} AS c FROM ${quoteName(schema)}.${quoteName(name)}`;
  const end = (direction: string) =>
    `(${all} ORDER BY ${key.map((column) => `${quoteName(column)} ${direction}`).join(', ')} LIMIT ${ROWS_PER_END})`;
  const from = key.length > 0 ? `${end('ASC')} UNION ALL ${end('DESC')}` : all;
  const [sum] = await session.rows<{ rows: number; checksum: string }>(
    `SELECT /*+ MAX_EXECUTION_TIME(${deadlineMs}) */ COUNT(*) AS \`rows\`, CAST(CONCAT(BIT_XOR(c), ':', SUM(c)) AS CHAR) AS checksum FROM (${from}) AS sampled`,
  );
  return { table: `${schema}.${name}`, rows: sum?.rows ?? 0, checksum: sum?.checksum ?? '' };
}
