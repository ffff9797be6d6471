import { type TablePlace } from '../../workflows/decisions/upgrade/facts';
import { place } from '../../workflows/decisions/upgrade/sql-text';
import { type Mysql } from '../mysql/mysql';
import { OTHERS } from './others';
import { type PartReader } from './parts';

interface CheckRow {
  readonly Msg_type: string;
  readonly Msg_text: string;
}

/** CHECK TABLE … FOR UPGRADE on every table; it reads definitions, and some tables whole. Source: MySQL manual, "CHECK TABLE Statement". */
export async function checkTables(
  server: Mysql,
  reader: PartReader,
): Promise<(TablePlace & { said: string; bad: boolean })[]> {
  const tables = await reader.rows<TablePlace>(
    'tables to check',
    `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\` FROM information_schema.TABLES WHERE TABLE_SCHEMA ${OTHERS} AND TABLE_TYPE = 'BASE TABLE'`,
  );
  const found: (TablePlace & { said: string; bad: boolean })[] = [];
  for (const { schema, table } of tables) {
    const rows = await reader.part<CheckRow[]>(`check of ${schema}.${table}`, [], (deadlineMs) =>
      server.rows<CheckRow>(`CHECK TABLE ${place(schema, table)} FOR UPGRADE`, [], { deadlineMs }),
    );
    // A partitioned table of another engine has a check of its own.
    const telling = rows.filter(
      ({ Msg_type, Msg_text }) => Msg_type !== 'status' && !Msg_text.includes('native partitioning'),
    );
    found.push(
      ...telling.map(({ Msg_type, Msg_text }) => ({
        schema,
        table,
        said: Msg_text,
        bad: Msg_type.toLowerCase() === 'error',
      })),
    );
  }
  return found;
}
