import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
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

/** Throws INVALID_INPUT. */
export function readTableName(written: string): TableName {
  const [schema = '', table = '', more] = written.split('.');
  if (schema !== '' && table !== '' && more === undefined) return { schema, table };
  throw new RunbookError({
    code: 'INVALID_INPUT',
    message: `"${written}" does not name a table`,
    hint: 'For example "shop.orders".',
  });
}

const full = ({ schema, table }: TableName): string => `${quoteName(schema)}.${quoteName(table)}`;
const named = ({ schema, table }: TableName, suffix: string): TableName => ({
  schema,
  table: `${table.slice(0, 64 - suffix.length)}${suffix}`,
});

/** Throws BACKUP_UNKNOWN where the restored server has no such table. */
async function mustExist(scratch: Scratch, name: TableName): Promise<void> {
  if (await exists(scratch.mysql, name)) return;
  throw new RunbookError({
    code: 'INVALID_INPUT',
    message: `at that moment there was no table ${name.schema}.${name.table}`,
    hint: 'Choose an earlier moment: runbook archive find tells when it was made and dropped.',
  });
}

const exists = async (server: Scratch['mysql'], { schema, table }: TableName): Promise<boolean> =>
  (await server.value('SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?', [
    schema,
    table,
  ])) !== undefined;

const DUMP = [
  '--single-transaction',
  '--set-gtid-purged=OFF',
  '--no-tablespaces',
  '--column-statistics=0',
  '--hex-blob',
];

/** One table of the restored server, as SQL. */
function dumped(options: string, { schema, table }: TableName, triggers: boolean): Readable {
  const wish = triggers ? '--triggers' : '--skip-triggers';
  return throughProgram([programNamed('mysqldump'), `--defaults-file=${options}`, ...DUMP, wish, schema, table]);
}

const onScratch = <Result>(scratch: Scratch, work: (options: string) => Promise<Result>): Promise<Result> =>
  withClientFile(
    scratch,
    { cluster: scratch.cluster, instance: scratch.instance, account: scratch.cluster.accounts.admin },
    work,
  );

/** Into a dump file each, beside the reports. Returns their paths. Throws TOOL_MISSING, TOOL_FAILED, INVALID_INPUT. */
export async function tablesToFiles(
  deps: Deps,
  cluster: string,
  scratch: Scratch,
  tables: readonly TableName[],
  run: string,
): Promise<string[]> {
  const folder = join((await deps.inventory()).reports, cluster);
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const name of tables) {
    await mustExist(scratch, name);
    const path = join(folder, `restored-${run}-${name.schema}.${name.table}.sql`.replaceAll(/[^\w.-]/g, '_'));
    await onScratch(scratch, (options) =>
      pipeline(dumped(options, name, true), createWriteStream(`${path}.new`, { mode: 0o600 })),
    );
    await rename(`${path}.new`, path);
    files.push(path);
  }
  return files;
}

export interface Replaced {
  readonly table: string;
  /** Where the table that was there is kept; null = there was none. */
  readonly kept: string | null;
}

/**
 * Into the cluster: each table comes in beside the present one under another name, then both are renamed in one statement, so that clients see
 * the one or the other. What was there is kept. A second time replaces what an attempt that died had brought and not yet renamed.
 * Throws TOOL_MISSING, TOOL_FAILED with what the server says, INVALID_INPUT. Source: MySQL manual, "RENAME TABLE Statement".
 */
export async function tablesIntoCluster(
  deps: Deps,
  cluster: Cluster,
  primary: string,
  scratch: Scratch,
  tables: readonly TableName[],
  run: string,
): Promise<Replaced[]> {
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const at = { cluster, instance: knownInstance(cluster, primary), account };
  const replaced: Replaced[] = [];
  for (const name of tables) {
    const [coming, aside] = [named(name, `__restored_${run}`), named(name, `__before_${run}`)];
    if (await there(deps, at, aside)) {
      replaced.push({ table: full(name), kept: full(aside) });
      continue;
    }
    const taken = await there(deps, at, name);
    if (!(await exists(scratch.mysql, coming))) {
      await mustExist(scratch, name);
      await scratch.mysql.run(`RENAME TABLE ${full(name)} TO ${full(coming)}`, [], { deadlineMs: 60_000 });
    }
    await onScratch(scratch, (from) =>
      withClientFile(deps, at, (options) => say(options, name.schema, dumped(from, coming, !taken))),
    );
    deps.checkpoint('restore:loaded');
    const swap = taken
      ? `${full(name)} TO ${full(aside)}, ${full(coming)} TO ${full(name)}`
      : `${full(coming)} TO ${full(name)}`;
    await withClientFile(deps, at, (options) => say(options, name.schema, Readable.from([`RENAME TABLE ${swap};\n`])));
    deps.checkpoint('restore:renamed');
    replaced.push({ table: full(name), kept: taken ? full(aside) : null });
  }
  return replaced;
}

type Place = Parameters<typeof withClientFile>[1];

/** Our own account need not see anybody's tables: asked by the one that copies servers. */
async function there(deps: Deps, at: Place, { schema, table }: TableName): Promise<boolean> {
  const hex = (text: string) => `X'${Buffer.from(text).toString('hex')}'`;
  const sql = `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = CONVERT(${hex(schema)} USING utf8mb4) AND table_name = CONVERT(${hex(table)} USING utf8mb4);\n`;
  const parts: string[] = [];
  await withClientFile(deps, at, async (options) => {
    const output = throughProgram(
      [programNamed('mysql'), `--defaults-file=${options}`, '--batch', '--skip-column-names'],
      {
        input: Readable.from([sql]),
      },
    );
    for await (const part of output) parts.push(String(part));
  });
  return parts.join('').trim() === '1';
}

/** A script through the program `mysql`; its first error ends it. */
async function say(options: string, schema: string, script: Readable): Promise<void> {
  const output = throughProgram([programNamed('mysql'), `--defaults-file=${options}`, '--binary-mode', schema], {
    input: script,
  });
  await pipeline(output, new Writable({ write: (_chunk, _encoding, done) => done() }));
}
