import { type ProgramFacts, type ProgramKind, type StatementFacts } from '../../workflows/decisions/upgrade/facts';
import { needsRewriting } from '../../workflows/decisions/upgrade/programs';
import { place } from '../../workflows/decisions/upgrade/sql-text';
import { type Mysql } from '../mysql/mysql';
import { OTHERS } from './others';
import { type PartReader } from './parts';

const SELECTS: Readonly<Record<string, string>> = {
  routines: `SELECT ROUTINE_TYPE AS kind, ROUTINE_SCHEMA AS \`schema\`, ROUTINE_NAME AS name, ROUTINE_DEFINITION AS body, SQL_MODE AS sqlMode
    FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA ${OTHERS}`,
  triggers: `SELECT 'TRIGGER' AS kind, TRIGGER_SCHEMA AS \`schema\`, TRIGGER_NAME AS name, ACTION_STATEMENT AS body, SQL_MODE AS sqlMode
    FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA ${OTHERS}`,
  events: `SELECT 'EVENT' AS kind, EVENT_SCHEMA AS \`schema\`, EVENT_NAME AS name, EVENT_DEFINITION AS body, SQL_MODE AS sqlMode
    FROM information_schema.EVENTS WHERE EVENT_SCHEMA ${OTHERS}`,
  views: `SELECT 'VIEW' AS kind, TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, VIEW_DEFINITION AS body, '' AS sqlMode
    FROM information_schema.VIEWS WHERE TABLE_SCHEMA ${OTHERS}`,
};

interface ProgramRow {
  readonly kind: ProgramKind;
  readonly schema: string;
  readonly name: string;
  readonly body: string | null;
  readonly sqlMode: string;
}

/** Asked for by SHOW CREATE: what must be written anew, and views that information_schema hides. So many of each release's programs at most. */
const MOST_SHOWN = 5_000;

/** Views, routines, triggers and events with their text. */
export async function readPrograms(server: Mysql, reader: PartReader, version: string): Promise<ProgramFacts[]> {
  const programs: ProgramFacts[] = [];
  let left = MOST_SHOWN;
  const show = async (program: ProgramFacts): Promise<string> => {
    left -= 1;
    return left < 0 ? '' : showCreate(server, reader, program);
  };
  for (const [part, select] of Object.entries(SELECTS)) {
    for (const row of await reader.rows<ProgramRow>(part, select)) {
      const program = { ...row, body: row.body ?? '', create: '' };
      // 8.0 shows the text of a view by SHOW CREATE also where information_schema has '' for the same account.
      if (program.body === '') program.body = program.create = await show(program);
      else if (needsRewriting(program, version)) program.create = await show(program);
      programs.push(program);
    }
    const hidden = programs.filter(({ body }) => body === '').length;
    if (hidden > 0) reader.notRead.push({ part, because: `the text of ${hidden} is hidden from our account` });
  }
  return programs;
}

/** The column's name differs by kind and release; the text is the only one that begins so. */
const showCreate = (server: Mysql, reader: PartReader, { kind, schema, name }: ProgramFacts): Promise<string> =>
  reader.part(`${kind.toLowerCase()} ${schema}.${name}`, '', async () => {
    const [row] = await server.rows<Record<string, string | null>>(`SHOW CREATE ${kind} ${place(schema, name)}`);
    return Object.values(row ?? {}).find((value) => value?.startsWith('CREATE ')) ?? '';
  });

/**
 * What clients have sent lately, without literals. Only statements with a default schema: monitoring, and we ourselves, have none.
 * Source: MySQL manual, "Statement Summary Tables".
 */
export const readStatements = (reader: PartReader): Promise<StatementFacts[]> =>
  reader.rows<StatementFacts>(
    'statements',
    `SELECT SCHEMA_NAME AS \`schema\`, DIGEST_TEXT AS text, COUNT_STAR AS count
       FROM performance_schema.events_statements_summary_by_digest
      WHERE SCHEMA_NAME ${OTHERS} AND DIGEST_TEXT IS NOT NULL ORDER BY LAST_SEEN DESC`,
  );
