import { join } from 'node:path';
import { unpackPackages, writeWrapper } from '../../lab/programs/apt';
import { installed } from '../../lab/programs/cache';
import { silent } from '../../lab/programs/progress';
import { onPath } from '../../lab/programs/tool';

/** arping of iputils: the machine's own, else unpacked into the cache. */
export async function findArping(): Promise<string> {
  const own = onPath('arping');
  if (own) return own;
  const home = await installed('arping', silent, async (into, scratch) => {
    await unpackPackages({}, [['iputils-arping']], join(into, 'root'), scratch, silent);
    writeWrapper(into, 'arping', 'usr/bin/arping');
  });
  return join(home, 'bin', 'arping');
}
