import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { haveOf, openGaps } from '../../workflows/decisions/archive/coverage';
import { type GtidSet, parseGtidSet, print, union } from '../../workflows/decisions/gtid-set';
import { type Shelf } from './shelf';
import { type LocalFile } from './tier';

export interface Have {
  readonly set: GtidSet;
  /** Nothing was ever archived. */
  readonly fresh: boolean;
  /** Gaps that are known and still open. */
  readonly missing: GtidSet;
}

const HAVE = 'have.json';

/** Of both tiers. While the store cannot be read, what this machine remembers of it will do. */
export async function haveNow(folder: string, shelf: () => Promise<Shelf>, found: readonly LocalFile[]): Promise<Have> {
  const local = found.reduce((sum, { gtids }) => union(sum, gtids), parseGtidSet(''));
  try {
    const coverage = await (await shelf()).coverage();
    const set = union(haveOf(coverage), local);
    const missing = openGaps(coverage.gaps, set);
    await keepHave(folder, set);
    return {
      set,
      fresh: coverage.beginning === null && coverage.files.length === 0 && found.length === 0,
      missing: parseGtidSet(missing.map(({ gtids }) => gtids).join(',')),
    };
  } catch (error) {
    const remembered = await readFile(join(folder, HAVE), 'utf8').catch(() => null);
    if (remembered === null) throw error;
    return { set: union(parseGtidSet(remembered), local), fresh: false, missing: parseGtidSet('') };
  }
}

export async function keepHave(folder: string, have: GtidSet): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, `${HAVE}.new`), print(have), { mode: 0o600 });
  await rename(join(folder, `${HAVE}.new`), join(folder, HAVE));
}
