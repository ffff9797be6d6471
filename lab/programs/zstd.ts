import { join } from 'node:path';
import { cacheFolder } from './cache';
import { findPackaged } from './packaged';
import { type Progress, silent } from './progress';
import { onPath } from './tool';

/** zstd, which backups are compressed with: `RUNBOOK_ZSTD`, else PATH, else the cache, else unpacked there from the machine's own packages. */
export const findZstd = (progress: Progress = silent): Promise<string> =>
  findPackaged(
    {
      name: 'zstd',
      packaged: 'zstd',
      path: 'usr/bin/zstd',
      variable: 'RUNBOOK_ZSTD',
      title: 'zstd',
      hint: 'Install zstd so that it stands on PATH, or set RUNBOOK_ZSTD to the program.',
    },
    progress,
  );

/** Where a lab finds it once it is installed. */
export const zstdOfLabs = (): string =>
  process.env['RUNBOOK_ZSTD'] ?? onPath('zstd') ?? join(cacheFolder(), 'zstd', 'bin', 'zstd');
