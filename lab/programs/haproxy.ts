import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { hasApt, unpackPackages, writeWrapper } from './apt';
import { cacheFolder, installed } from './cache';
import { type Progress, silent } from './progress';
import { onPath } from './tool';

const CACHE_NAME = 'haproxy';

/** HAProxy: `RUNBOOK_HAPROXY`, else PATH, else the cache, else unpacked there from the machine's own packages. */
export async function findHaproxy(progress: Progress = silent): Promise<string> {
  const given = process.env['RUNBOOK_HAPROXY'] ?? onPath('haproxy');
  if (given) return given;

  const program = (home: string) => join(home, 'bin', 'haproxy');
  if (existsSync(program(join(cacheFolder(), CACHE_NAME)))) return program(join(cacheFolder(), CACHE_NAME));
  if (!hasApt()) throw notInstallable('this machine has neither haproxy on PATH nor apt-get to install it with');
  const home = await installed(CACHE_NAME, progress, async (into, scratch) => {
    progress('Installing HAProxy into the cache (once)');
    await unpackPackages({}, [['haproxy']], join(into, 'root'), scratch, progress).catch((cause: unknown) => {
      throw notInstallable(`HAProxy could not be installed: ${(cause as Error).message}`, cause);
    });
    writeWrapper(into, 'haproxy', 'usr/sbin/haproxy');
  });
  return program(home);
}

const notInstallable = (message: string, cause?: unknown): RunbookError =>
  new RunbookError({
    code: 'TOOL_MISSING',
    message,
    hint: 'Install HAProxy 2.4 or newer so that it stands on PATH, or set RUNBOOK_HAPROXY to the program.',
    cause,
  });
