import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { keyPart } from '../../workflows/decisions/backups/manifest';
import { placesOf } from '../backups/places';
import { type Scratch } from '../backups/scratch/scratch';
import { type Deps, serverAsBackup } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { doorOf, doorOfScratch, dumped, full, isThere, mustExist, say, type TableName } from './table-programs';

/** Rows alone, with the names of their columns: the table may have got others since. */
export const rowsOnly = (where: string): string[] => [
  '--no-create-info',
  '--complete-insert',
  '--skip-triggers',
  '--skip-add-locks',
  `--where=${where}`,
];

/** Into a dump file each, beside the reports. Returns their paths. Throws TOOL_MISSING, LOAD_FAILED, INVALID_INPUT. */
export async function tablesToFiles(
  deps: Deps,
  cluster: string,
  scratch: Scratch,
  tables: readonly TableName[],
  { run, where }: { readonly run: string; readonly where: string | null },
): Promise<string[]> {
  const folder = join((await deps.inventory()).reports, cluster);
  await mkdir(folder, { recursive: true });
  const door = doorOfScratch(scratch);
  const files: string[] = [];
  for (const name of tables) {
    await mustExist(door, name);
    const path = join(folder, `restored-${run}-${name.schema}.${name.table}.sql`.replaceAll(/[^\w.-]/g, '_'));
    const what = where === null ? ['--triggers'] : rowsOnly(where);
    await door.open((options) =>
      pipeline(dumped(options, name, what), createWriteStream(`${path}.new`, { mode: 0o600 })),
    );
    await rename(`${path}.new`, path);
    files.push(path);
  }
  return files;
}

export interface Replaced {
  readonly table: string;
  /** Where the table that was there is kept; null = there was none, or rows were added to it. */
  readonly kept: string | null;
  /** Of the restored table, which the account may not make. */
  readonly lacksTriggers?: readonly string[];
}

export interface IntoCluster {
  readonly cluster: Cluster;
  readonly primary: string;
  readonly run: string;
}

/**
 * Into the cluster: each table comes in beside the present one under another name, then both are renamed in one statement, so that clients see
 * the one or the other. What was there is kept. A second time replaces what an attempt that died had brought and not yet renamed; that nobody had a table
 * is noted in the store before it is renamed, so that the second time takes it for its own and not for a client's.
 * Throws TOOL_MISSING, LOAD_FAILED with what the server says, INVALID_INPUT. Source: MySQL manual, "RENAME TABLE Statement".
 */
export async function tablesIntoCluster(
  deps: Deps,
  order: IntoCluster,
  scratch: Scratch,
  tables: readonly TableName[],
): Promise<Replaced[]> {
  const replaced: Replaced[] = [];
  for (const name of tables) {
    const kept = await tableIntoCluster(deps, order, scratch, name);
    const lacksTriggers = kept === null ? await triggersLeft(deps, order, scratch, name) : [];
    replaced.push({ table: full(name), kept: kept && full(kept), lacksTriggers });
  }
  return replaced;
}

/** Where the table that was there is kept; null = there was none. */
async function tableIntoCluster(
  deps: Deps,
  { cluster, primary, run }: IntoCluster,
  scratch: Scratch,
  name: TableName,
): Promise<TableName | null> {
  const [from, to] = [doorOfScratch(scratch), doorOf(deps, cluster, primary)];
  const { store } = await placesOf(deps, cluster);
  const nobodyHadIt = `${cluster.name}/restores/${run}/${keyPart(name.schema)}.${keyPart(name.table)}.json`;
  const [coming, aside] = [comingOf(name, run), suffixed(name, `__before_${run}`)];
  if (await isThere(to, aside)) return aside;
  const taken = await isThere(to, name);
  if (taken && (await store.readText(nobodyHadIt)) !== null && !(await isThere(to, coming))) return null;
  await mustExist(from, name);
  await scratch.mysql.run(`RENAME TABLE ${full(name)} TO ${full(coming)}`, [], { deadlineMs: 60_000 });
  const bring = (...what: string[]) =>
    from.open((source) => to.open((options) => say(options, dumped(source, coming, what), name.schema)));
  const swap = taken
    ? `${full(name)} TO ${full(aside)}, ${full(coming)} TO ${full(name)}`
    : `${full(coming)} TO ${full(name)}`;
  try {
    await bring('--skip-triggers');
    // Error 1419, and others' definers: its rows matter more, and what is left is told.
    if (!taken) await bring('--no-data', '--no-create-info', '--triggers').catch(() => undefined);
    deps.checkpoint('restore:loaded');
    if (!taken) await store.writeText(nobodyHadIt, JSON.stringify({ version: 1, table: full(name) }));
    await to.open((options) => say(options, `RENAME TABLE ${swap};\n`, name.schema));
  } catch (error) {
    await forgetComing().catch(() => undefined);
    throw error;
  }
  deps.checkpoint('restore:renamed');
  return taken ? aside : null;

  /** A lost answer may have been a yes: then it has its own name by now, and the note stays. */
  async function forgetComing(): Promise<void> {
    if (!(await isThere(to, coming))) return;
    await store.remove(nobodyHadIt);
    await to.open((options) => say(options, `DROP TABLE IF EXISTS ${full(coming)};\n`));
  }
}

/** Names of those that the restored table has here, and not in the cluster. */
async function triggersLeft(
  deps: Deps,
  { cluster, primary, run }: IntoCluster,
  { mysql }: Scratch,
  name: TableName,
): Promise<string[]> {
  const on = async (server: Mysql, ...tables: TableName[]) => {
    const rows = await server.rows<{ name: string }>(
      'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE IN (?)',
      [name.schema, tables.map(({ table }) => table)],
    );
    return rows.map((row) => row.name);
  };
  // An attempt after one that died finds it under its own name here.
  const wanted = await on(mysql, name, comingOf(name, run));
  const there = await on(serverAsBackup(deps, cluster, primary), name);
  return wanted.filter((one) => !there.includes(one));
}

const comingOf = (name: TableName, run: string): TableName => suffixed(name, `__restored_${run}`);

const suffixed = ({ schema, table }: TableName, suffix: string): TableName => ({
  schema,
  table: `${table.slice(0, 64 - suffix.length)}${suffix}`,
});
