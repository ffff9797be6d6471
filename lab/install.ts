import { RunbookError } from '../activities/errors';
import { goldenData } from './mysqld/golden';
import { findHaproxy } from './programs/haproxy';
import { findMysql } from './programs/mysql';
import { findNamed } from './programs/named';
import { printProgress } from './programs/progress';
import { findTemporal } from './programs/temporal';
import { findZstd } from './programs/zstd';

/** Finds or installs everything that a lab needs, before tests that must not wait for it. Quick when all is there. */
async function install(): Promise<void> {
  const progress = printProgress(process.stdout);
  await findHaproxy(progress);
  await findNamed(progress);
  await findZstd(progress);
  const mysql = await findMysql(progress);
  await goldenData(mysql, progress);
  await findTemporal(progress);
}

install().catch((error: unknown) => {
  const hint = error instanceof RunbookError ? ` ${error.hint}` : '';
  console.error(`${error instanceof Error ? error.message : String(error)}.${hint}`);
  process.exitCode = 1;
});
