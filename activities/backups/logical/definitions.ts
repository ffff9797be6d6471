import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { option } from '../../mysql/client-file';
import { type Sink } from './sink';
import { type Dump, startDump } from './snapshots';
import { type Inside, type Table } from './tables';

/** A dump of these tables and no other. Names go by an option file: there may be more than a command line holds. */
export async function dumpOf(
  file: string,
  number: number,
  { tables, views }: Inside,
  share: readonly Table[],
): Promise<Dump> {
  const schemas = [...new Set(share.map(({ schema }) => schema))];
  const wanted = new Set(share.map(fullName));
  const others = [...tables, ...views].filter((one) => schemas.includes(one.schema) && !wanted.has(fullName(one)));
  const own = await optionFile(file, `share-${number}`, others.map(fullName));
  return startDump(own, ['--skip-triggers', '--skip-add-locks', '--skip-disable-keys', '--databases', ...schemas]);
}

export const storeSchemas = ({ schemas }: Inside, files: Pick<Sink, 'put'>): Promise<void> =>
  files.put('schemas', `${schemas.map(({ create }) => `${create};`).join('\n')}\n`);

/** What stands beside tables: routines, views, triggers and events, each in a file of its own, since they are restored apart. */
export async function storeDefinitions(
  file: string,
  { schemas, tables, views }: Inside,
  files: Pick<Sink, 'put'>,
): Promise<void> {
  if (schemas.length === 0) return;
  const every = ['--databases', ...schemas.map(({ name }) => name)];
  const nothingOf = ['--no-data', '--no-create-info'];
  await files.put('routines', startDump(file, [...nothingOf, '--skip-triggers', '--routines', ...every]).output);
  await files.put('triggers', startDump(file, [...nothingOf, '--triggers', ...every]).output);
  await files.put('events', startDump(file, [...nothingOf, '--skip-triggers', '--events', ...every]).output);
  if (views.length === 0) return;
  const own = await optionFile(file, 'views', tables.map(fullName));
  const withViews = [...new Set(views.map(({ schema }) => schema))];
  await files.put('views', startDump(own, ['--no-data', '--skip-triggers', '--databases', ...withViews]).output);
}

async function optionFile(file: string, name: string, ignored: readonly string[]): Promise<string> {
  const own = join(dirname(file), `${name}.cnf`);
  const lines = [`!include ${file}`, '[mysqldump]', ...ignored.map((table) => option('ignore-table', table))];
  await writeFile(own, `${lines.join('\n')}\n`, { mode: 0o600 });
  return own;
}

export const fullName = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${schema}.${name}`;
