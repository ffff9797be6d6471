import { type TablePlace, type ZeroDateFacts } from '../../workflows/decisions/upgrade/facts';
import { place, quoted } from '../../workflows/decisions/upgrade/sql-text';
import { type Mysql } from '../mysql/mysql';
import { OTHERS } from './others';
import { type PartReader } from './parts';

interface DateColumn extends TablePlace {
  readonly column: string;
  readonly type: string;
  readonly nullable: number;
  readonly zeroDefault: number;
}

const SAMPLED_ROWS = 1_000;
const SAMPLED_TABLES = 500;
const SAMPLE_MS = 2_000;

/** Zero dates in defaults, and in rows: in the first thousand of each of 500 tables, or in all with a deep look, which scans. */
export async function readZeroDates(
  server: Mysql,
  reader: PartReader,
  views: ReadonlySet<string>,
): Promise<ZeroDateFacts[]> {
  const all = await reader.rows<DateColumn>(
    'date columns',
    `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`, COLUMN_TYPE AS type, IS_NULLABLE = 'YES' AS nullable,
            COALESCE(COLUMN_DEFAULT REGEXP '^0000-|^[0-9]{4}-00|^[0-9]{4}-[0-9]{2}-00', 0) AS zeroDefault
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA ${OTHERS} AND DATA_TYPE IN ('date', 'datetime', 'timestamp')`,
  );
  const columns = all.filter(({ schema, table }) => !views.has(`${schema}.${table}`));
  const found = columns.filter(({ zeroDefault }) => zeroDefault === 1).map((column) => fact(column, 'default', false));
  const tables = [...byTable(columns)];
  for (const [table, itsColumns] of reader.deep ? tables : tables.slice(0, SAMPLED_TABLES))
    found.push(...(await inRows(server, reader, table, itsColumns)));
  return found;
}

function byTable(columns: readonly DateColumn[]): Map<string, DateColumn[]> {
  const found = new Map<string, DateColumn[]>();
  for (const column of columns) {
    const table = place(column.schema, column.table);
    found.set(table, [...(found.get(table) ?? []), column]);
  }
  return found;
}

const fact = (
  { schema, table, column, type, nullable }: DateColumn,
  found: ZeroDateFacts['found'],
  partly: boolean,
): ZeroDateFacts => ({
  schema,
  table,
  column,
  type,
  nullable: nullable === 1,
  found,
  partly,
});

/** A year of zero is a zero date; a month or day of zero alone is a partial one. */
const inRows = (
  server: Mysql,
  reader: PartReader,
  table: string,
  columns: readonly DateColumn[],
): Promise<ZeroDateFacts[]> =>
  reader.part(`rows of ${table}`, [], async (deadlineMs) => {
    const asked = columns.flatMap(({ column }, at) => [
      `MAX(MONTH(${quoted(column)}) = 0 OR DAYOFMONTH(${quoted(column)}) = 0) AS some${at}`,
      `MAX(YEAR(${quoted(column)}) = 0) AS whole${at}`,
    ]);
    const names = columns.map(({ column }) => quoted(column)).join(', ');
    const rows = reader.deep ? table : `(SELECT ${names} FROM ${table} LIMIT ${SAMPLED_ROWS}) sample`;
    const within = reader.deep ? deadlineMs : SAMPLE_MS;
    const [row] = await server.rows<Record<string, number | null>>(
      `SELECT /*+ MAX_EXECUTION_TIME(${within}) */ ${asked.join(', ')} FROM ${rows}`,
      [],
      { deadlineMs: within + 1_000 },
    );
    return columns.flatMap((column, at) =>
      row?.[`some${at}`] === 1 ? [fact(column, 'rows', row[`whole${at}`] !== 1)] : [],
    );
  });
