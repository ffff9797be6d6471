import { type TableFacts } from '../../../workflows/decisions/backups/manifest';
import { type Mysql } from '../../mysql/mysql';
import { quoteName } from '../../mysql/quoting';
import { lookInside } from '../logical/tables';

/** A whole table is read. */
const READ_WITHIN_MS = 86_400_000;
const LOOK_WITHIN_MS = 60_000;
const MOST_NAMED = 5;

/** What is wrong, named; '' = every table of the manifest is there with its rows, and no other. */
export async function compareWithManifest(mysql: Mysql, tables: readonly TableFacts[]): Promise<string> {
  const inside = await mysql.session((session) => lookInside(session), { deadlineMs: LOOK_WITHIN_MS });
  const there = new Set(inside.tables.map(fullName));
  const wanted = new Set(tables.map(fullName));
  const faults = [
    ...[...wanted].filter((name) => !there.has(name)).map((name) => `${name} is missing`),
    ...[...there].filter((name) => !wanted.has(name)).map((name) => `${name} is not in the manifest`),
  ];
  for (const table of tables.filter((one) => one.rows !== null && there.has(fullName(one)))) {
    const rows = Number(await mysql.value(`SELECT COUNT(*) FROM ${quoted(table)}`, [], { deadlineMs: READ_WITHIN_MS }));
    if (rows !== table.rows) faults.push(`${fullName(table)} has ${rows} rows instead of ${table.rows}`);
  }
  return named(faults);
}

/** What the server's own check finds; '' = nothing. Source: MySQL manual, "CHECK TABLE Statement". */
export async function checkTables(mysql: Mysql, tables: readonly TableFacts[]): Promise<string> {
  const faults: string[] = [];
  for (const table of tables) {
    const rows = await mysql.rows<{ Msg_type: string; Msg_text: string }>(`CHECK TABLE ${quoted(table)}`, [], {
      deadlineMs: READ_WITHIN_MS,
    });
    // What cannot be checked (an engine without a check) is a note.
    const wrong = rows.filter(({ Msg_type }) => /^(error|warning)$/i.test(Msg_type));
    if (wrong[0]) faults.push(`${fullName(table)}: ${wrong[0].Msg_text}`);
  }
  return named(faults);
}

export const named = (faults: readonly string[]): string =>
  faults.slice(0, MOST_NAMED).join('; ') +
  (faults.length > MOST_NAMED ? `; and ${faults.length - MOST_NAMED} more` : '');

export const fullName = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${schema}.${name}`;
export const quoted = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${quoteName(schema)}.${quoteName(name)}`;
