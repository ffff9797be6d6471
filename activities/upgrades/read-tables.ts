import { RESERVED_WORDS } from '../../workflows/decisions/upgrade/data/reserved-words';
import {
  type ColumnFacts,
  type IndexFacts,
  type PartitionFacts,
  type TableFacts,
  type TablePlace,
} from '../../workflows/decisions/upgrade/facts';
import { DICTIONARY_TABLES } from '../../workflows/decisions/upgrade/identifiers';
import { releaseNumber } from '../../workflows/decisions/upgrade/releases';
import { type Mysql } from '../mysql/mysql';
import { OTHERS } from './others';
import { type PartReader } from './parts';

const WORDS = RESERVED_WORDS.map(({ word }) => word);

type AsRead<Facts, Flags extends keyof Facts> = Omit<Facts, Flags> & Readonly<Record<Flags, number | string | null>>;
const flag = (value: number | string | null): boolean => Number(value ?? 0) === 1;

/** Tables and views that some rule may have a word to say about, and all that are partitioned. */
export async function readTables(reader: PartReader): Promise<TableFacts[]> {
  const rows = await reader.rows<AsRead<TableFacts, 'view' | 'partitioned'>>(
    'tables',
    `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\`, TABLE_TYPE = 'VIEW' AS view, COALESCE(ENGINE, '') AS engine,
            COALESCE(TABLE_COLLATION, '') AS collation, COALESCE(CREATE_OPTIONS, '') LIKE '%partitioned%' AS partitioned
       FROM information_schema.TABLES
      WHERE TABLE_SCHEMA ${OTHERS}
        AND (UPPER(TABLE_NAME) IN (?) OR TABLE_NAME LIKE '#mysql50#%' OR TABLE_NAME LIKE '$%' OR CREATE_OPTIONS LIKE '%partitioned%'
             OR @@lower_case_table_names = 1 AND BINARY TABLE_NAME <> BINARY LOWER(TABLE_NAME))
         OR TABLE_SCHEMA = 'mysql' AND TABLE_NAME IN (?)`,
    [WORDS, DICTIONARY_TABLES],
  );
  return rows.map((row) => ({ ...row, view: flag(row.view), partitioned: flag(row.partitioned) }));
}

const GEOMETRIES =
  "'geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon', 'geometrycollection', 'geomcollection'";
const NO_DEFAULTS = `'tinyblob', 'blob', 'mediumblob', 'longblob', 'tinytext', 'text', 'mediumtext', 'longtext', 'json', ${GEOMETRIES}`;

/** Columns that some rule may have a word to say about, in one pass: 5.7 opens every table for it. */
export async function readColumns(
  server: Mysql,
  reader: PartReader,
  views: ReadonlySet<string>,
  version: string,
): Promise<ColumnFacts[]> {
  const select = `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`, COLUMN_TYPE AS type, DATA_TYPE AS dataType,
            IS_NULLABLE = 'YES' AS nullable, COLUMN_DEFAULT AS defaultValue, EXTRA AS extra, COALESCE(GENERATION_EXPRESSION, '') AS generation,
            COALESCE(CHARACTER_MAXIMUM_LENGTH, 0) AS length, COALESCE(COLLATION_NAME, '') AS collation, COLUMN_COMMENT AS comment,
            COLUMN_KEY <> '' AS indexed
       FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA ${OTHERS}
        AND (COLUMN_NAME IN (?) OR COLUMN_NAME LIKE '$%' OR CHAR_LENGTH(COLUMN_NAME) > 64
             OR DATA_TYPE IN ('float', 'double') AND (EXTRA LIKE '%auto_increment%' OR COLUMN_TYPE LIKE '%,%' OR COLUMN_TYPE LIKE '%unsigned%')
             OR COLUMN_TYPE LIKE '%zerofill%' OR DATA_TYPE = 'decimal' AND COLUMN_TYPE LIKE '%unsigned%'
             OR DATA_TYPE IN ('enum', 'set') AND CHARACTER_MAXIMUM_LENGTH > 255
             OR COLUMN_TYPE LIKE '%5.5 binary format%'
             OR COLUMN_DEFAULT IS NOT NULL AND EXTRA NOT LIKE '%DEFAULT_GENERATED%' AND DATA_TYPE IN (${NO_DEFAULTS})
             OR DATA_TYPE IN (${GEOMETRIES}) AND COLUMN_KEY <> ''
             OR GENERATION_EXPRESSION <> '')`;
  const rows = await reader.rows<AsRead<ColumnFacts, 'nullable' | 'indexed' | 'view'>>('columns', select, [WORDS]);
  const old = releaseNumber(version) < 80_000 ? await oldTemporals(server, reader) : [];
  const known = new Set(rows.map(keyOf));
  return [...rows, ...old.filter((row) => !known.has(keyOf(row)))].map((row) => ({
    ...row,
    nullable: flag(row.nullable),
    indexed: flag(row.indexed),
    view: views.has(`${row.schema}.${row.table}`),
  }));
}

const keyOf = ({ schema, table, column }: Pick<ColumnFacts, 'schema' | 'table' | 'column'>) =>
  JSON.stringify([schema, table, column]);

/** Dates in the format of 5.5 look like others unless the session asks; 8.0 has no more of them. */
async function oldTemporals(
  server: Mysql,
  reader: PartReader,
): Promise<AsRead<ColumnFacts, 'nullable' | 'indexed' | 'view'>[]> {
  return reader.part('dates in the format of 5.5', [], async (deadlineMs) =>
    server.session(
      async (session) => {
        await session.run('SET SESSION show_old_temporals = ON');
        return session.rows(
          `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`, COLUMN_TYPE AS type, DATA_TYPE AS dataType,
                  0 AS nullable, NULL AS defaultValue, '' AS extra, '' AS generation, 0 AS length, '' AS collation, '' AS comment, 0 AS indexed
             FROM information_schema.COLUMNS
            WHERE TABLE_SCHEMA ${OTHERS} AND DATA_TYPE IN ('time', 'datetime', 'timestamp') AND COLUMN_TYPE LIKE '%5.5 binary format%'`,
        );
      },
      { deadlineMs },
    ),
  );
}

export async function readUtf8mb3(
  reader: PartReader,
  views: ReadonlySet<string>,
): Promise<(TablePlace & { columns: number })[]> {
  const rows = await reader.rows<TablePlace & { columns: number }>(
    'character sets',
    `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\`, COUNT(*) AS columns FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA ${OTHERS} AND CHARACTER_SET_NAME IN ('utf8', 'utf8mb3') GROUP BY TABLE_SCHEMA, TABLE_NAME`,
  );
  return rows.filter(({ schema, table }) => !views.has(`${schema}.${table}`));
}

/** One partitioned table at a time: information_schema of 5.7 finds a table by its name without opening the others. */
export async function readPartitions(
  server: Mysql,
  reader: PartReader,
  partitioned: readonly TablePlace[],
): Promise<{ partitions: PartitionFacts[]; prefixKeys: IndexFacts[] }> {
  const partitions: PartitionFacts[] = [];
  const prefixKeys: IndexFacts[] = [];
  for (const { schema, table } of partitioned) {
    const rows = await reader.part<PartitionRow[]>(`partitions of ${schema}.${table}`, [], () =>
      server.rows<PartitionRow>(
        `SELECT PARTITION_NAME AS \`partition\`, PARTITION_METHOD AS method, PARTITION_EXPRESSION AS expression,
                COALESCE(TABLESPACE_NAME, '') AS tablespace, COALESCE(PARTITION_DESCRIPTION, '') AS bound
           FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND PARTITION_NAME IS NOT NULL`,
        [schema, table],
      ),
    );
    const [first] = rows;
    if (!first) continue;
    const temporal = /COLUMNS/.test(first.method) && rows.some(({ bound }) => /^'\d{2,4}[^0-9']/.test(bound));
    partitions.push(
      ...rows.map(({ partition, tablespace, bound }) => ({ schema, table, partition, tablespace, bound, temporal })),
    );
    if (/KEY/.test(first.method))
      prefixKeys.push(...(await prefixesOf(server, reader, { schema, table }, first.expression ?? '')));
  }
  return { partitions, prefixKeys };
}

/** 5.7 says it in CREATE_OPTIONS, without opening the partitions; 8.0 does not always, and has them in its dictionary. */
export const readPartitioned = async (
  reader: PartReader,
  tables: readonly TableFacts[],
  version: string,
): Promise<readonly TablePlace[]> =>
  releaseNumber(version) < 80_000
    ? tables.filter(({ partitioned }) => partitioned)
    : reader.rows<TablePlace>(
        'partitioned tables',
        `SELECT DISTINCT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\` FROM information_schema.PARTITIONS
          WHERE TABLE_SCHEMA ${OTHERS} AND PARTITION_NAME IS NOT NULL`,
      );

interface PartitionRow {
  readonly partition: string;
  readonly method: string;
  readonly expression: string | null;
  readonly tablespace: string;
  readonly bound: string;
}

/** Without an expression the primary key is the key that it is partitioned by. */
const prefixesOf = (
  server: Mysql,
  reader: PartReader,
  { schema, table }: TablePlace,
  expression: string,
): Promise<IndexFacts[]> =>
  reader.part(`indexes of ${schema}.${table}`, [], async () => {
    const rows = await server.rows<{ index: string; column: string }>(
      `SELECT INDEX_NAME AS \`index\`, COLUMN_NAME AS \`column\` FROM information_schema.STATISTICS
        WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND SUB_PART IS NOT NULL`,
      [schema, table],
    );
    const used = rows.filter(({ index, column }) =>
      expression === '' ? index === 'PRIMARY' : expression.includes(`\`${column}\``),
    );
    return used.map((row) => ({ schema, table, ...row, kind: 'prefix' as const }));
  });

/** 5.7 only: later servers have refused to be upgraded with such an index. */
export const readLargeIndexes = (reader: PartReader): Promise<IndexFacts[]> =>
  reader.rows<IndexFacts>(
    'large indexes',
    `SELECT s.TABLE_SCHEMA AS \`schema\`, s.TABLE_NAME AS \`table\`, s.INDEX_NAME AS \`index\`, s.COLUMN_NAME AS \`column\`, 'too large' AS kind
       FROM information_schema.INNODB_SYS_TABLES i
       JOIN information_schema.STATISTICS s ON i.NAME = CONCAT(s.TABLE_SCHEMA, '/', s.TABLE_NAME)
       JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
      WHERE i.ROW_FORMAT IN ('Redundant', 'Compact') AND s.TABLE_SCHEMA ${OTHERS} AND s.INDEX_TYPE <> 'FULLTEXT'
        AND (s.SUB_PART IS NULL OR s.SUB_PART > 255) AND c.CHARACTER_OCTET_LENGTH > 767`,
  );
