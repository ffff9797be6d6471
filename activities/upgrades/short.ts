import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Precheck } from '../../workflows/decisions/upgrade';
import { type Deps } from '../deps';

/** So many findings stand in a history and in a report; a schema of ten thousand tables may have as many of them. */
const MOST = 50;

/** Of a precheck: its gravest findings. `file`: where all of them stand; left out where these are all. */
export interface ShortPrecheck extends Precheck {
  readonly file?: string;
}

/** Idempotent: the same cluster and release have one file, and the last precheck is the one that counts. */
export async function shorten(deps: Pick<Deps, 'inventory'>, found: Precheck): Promise<ShortPrecheck> {
  if (found.findings.length <= MOST) return found;
  const folder = join((await deps.inventory()).reports, found.cluster);
  const file = join(folder, `precheck-to-${found.path.through.at(-1) ?? ''}.json`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(found, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return { ...found, findings: found.findings.slice(0, MOST), file };
}
