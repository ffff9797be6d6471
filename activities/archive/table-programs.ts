import { type Readable, Writable } from 'node:stream';
import { Readable as Reading } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Scratch } from '../backups/scratch/scratch';
import { type Deps, knownInstance } from '../deps';
import { RunbookError } from '../errors';
import { withClientFile } from '../mysql/client-file';
import { quoteName } from '../mysql/quoting';
import { programNamed, throughProgram } from '../programs/through';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** Of `schema.table`, as the door has let it in. */
export function tableNamed(written: string): TableName {
  const [schema = '', table = ''] = written.split('.');
  return { schema, table };
}

export const full = ({ schema, table }: TableName): string => `${quoteName(schema)}.${quoteName(table)}`;

/** A server as the programs `mysql` and `mysqldump` log into it. */
export interface Door {
  /** `work` gets the name of their option file. */
  open<Result>(work: (options: string) => Promise<Result>): Promise<Result>;
}

/** By the account that copies servers: our own need not see anybody's tables. */
export function doorOf(deps: Deps, cluster: Cluster, name: string): Door {
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const at = { cluster, instance: knownInstance(cluster, name), account };
  return { open: (work) => withClientFile(deps, at, work) };
}

export function doorOfScratch(scratch: Scratch): Door {
  const { cluster, instance } = scratch;
  return { open: (work) => withClientFile(scratch, { cluster, instance, account: cluster.accounts.admin }, work) };
}

const DUMP = [
  '--single-transaction',
  '--set-gtid-purged=OFF',
  '--no-tablespaces',
  '--column-statistics=0',
  '--hex-blob',
];

/** One table as SQL. Throws TOOL_MISSING, TOOL_FAILED with what the server says. */
export const dumped = (options: string, { schema, table }: TableName, more: readonly string[]): Readable =>
  throughProgram([programNamed('mysqldump'), `--defaults-file=${options}`, ...DUMP, ...more, schema, table]);

/** A script through the program `mysql`; its first error ends it. */
export async function say(options: string, script: Readable | string, schema?: string): Promise<void> {
  const output = throughProgram(
    [programNamed('mysql'), `--defaults-file=${options}`, '--binary-mode', ...(schema === undefined ? [] : [schema])],
    { input: typeof script === 'string' ? Reading.from([script]) : script },
  );
  await pipeline(output, new Writable({ write: (_chunk, _encoding, done) => done() }));
}

/** Is there such a table? */
export async function isThere(door: Door, { schema, table }: TableName): Promise<boolean> {
  const hex = (text: string) => `X'${Buffer.from(text).toString('hex')}'`;
  const sql = `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = CONVERT(${hex(schema)} USING utf8mb4) AND table_name = CONVERT(${hex(table)} USING utf8mb4);\n`;
  const parts: string[] = [];
  await door.open(async (options) => {
    const command = [programNamed('mysql'), `--defaults-file=${options}`, '--batch', '--skip-column-names'];
    for await (const part of throughProgram(command, { input: Reading.from([sql]) })) parts.push(String(part));
  });
  return parts.join('').trim() === '1';
}

/** Throws INVALID_INPUT where the restored server has no such table. */
export async function mustExist(door: Door, name: TableName): Promise<void> {
  if (await isThere(door, name)) return;
  throw new RunbookError({
    code: 'INVALID_INPUT',
    message: `at that moment there was no table ${name.schema}.${name.table}`,
    hint: 'Correct its name, or choose another moment: runbook archive find tells when it was made and dropped.',
  });
}
