import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reportOfQueries, type Subject } from '../../workflows/decisions/upgrading/query-report';
import { fileOfQueries, type TriedQuery } from '../../workflows/decisions/upgrading/queries';
import { type Deps } from '../deps';

/** For developers. Idempotent: the same cluster and release have one file, and the last try is the one that counts. */
export async function writeQueries(
  deps: Pick<Deps, 'inventory'>,
  subject: Subject,
  tried: readonly TriedQuery[],
): Promise<void> {
  const folder = join((await deps.inventory()).reports, subject.cluster);
  const file = join(folder, fileOfQueries(subject.versions[1]));
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.new`, reportOfQueries(subject, tried));
  await rename(`${file}.new`, file);
}
