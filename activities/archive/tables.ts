import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Scratch } from '../backups/scratch/scratch';
import { type Deps } from '../deps';
import { doorOf, doorOfScratch, dumped, full, isThere, mustExist, say, type TableName } from './table-programs';

/** Rows alone, with the names of their columns: the table may have got others since. */
export const rowsOnly = (where: string): string[] => [
  '--no-create-info',
  '--complete-insert',
  '--skip-triggers',
  '--skip-add-locks',
  `--where=${where}`,
];

/** Into a dump file each, beside the reports. Returns their paths. Throws TOOL_MISSING, TOOL_FAILED, INVALID_INPUT. */
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
}

export interface IntoCluster {
  readonly cluster: Cluster;
  readonly primary: string;
  readonly run: string;
}

/**
 * Into the cluster: each table comes in beside the present one under another name, then both are renamed in one statement, so that clients see
 * the one or the other. What was there is kept. A second time replaces what an attempt that died had brought and not yet renamed.
 * Throws TOOL_MISSING, TOOL_FAILED with what the server says, INVALID_INPUT. Source: MySQL manual, "RENAME TABLE Statement".
 */
export async function tablesIntoCluster(
  deps: Deps,
  { cluster, primary, run }: IntoCluster,
  scratch: Scratch,
  tables: readonly TableName[],
): Promise<Replaced[]> {
  const [from, to] = [doorOfScratch(scratch), doorOf(deps, cluster, primary)];
  const replaced: Replaced[] = [];
  for (const name of tables) {
    const [coming, aside] = [suffixed(name, `__restored_${run}`), suffixed(name, `__before_${run}`)];
    if (await isThere(to, aside)) {
      replaced.push({ table: full(name), kept: full(aside) });
      continue;
    }
    const taken = await isThere(to, name);
    await mustExist(from, name);
    await scratch.mysql.run(`RENAME TABLE ${full(name)} TO ${full(coming)}`, [], { deadlineMs: 60_000 });
    const what = taken ? '--skip-triggers' : '--triggers';
    await from
      .open((source) => to.open((options) => say(options, dumped(source, coming, [what]), name.schema)))
      .catch(async (error: unknown) => {
        await to.open((options) => say(options, `DROP TABLE IF EXISTS ${full(coming)};\n`)).catch(() => undefined);
        throw error;
      });
    deps.checkpoint('restore:loaded');
    const swap = taken
      ? `${full(name)} TO ${full(aside)}, ${full(coming)} TO ${full(name)}`
      : `${full(coming)} TO ${full(name)}`;
    await to.open((options) => say(options, `RENAME TABLE ${swap};\n`, name.schema));
    deps.checkpoint('restore:renamed');
    replaced.push({ table: full(name), kept: taken ? full(aside) : null });
  }
  return replaced;
}

const suffixed = ({ schema, table }: TableName, suffix: string): TableName => ({
  schema,
  table: `${table.slice(0, 64 - suffix.length)}${suffix}`,
});
