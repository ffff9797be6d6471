import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { distribution, hasApt, unpackPackages, writeWrapper } from './apt';
import { cacheFolder, installed } from './cache';
import { type Progress, silent } from './progress';
import { onPath } from './tool';

export interface MysqlRouterProgram {
  readonly program: string;
  /** Writes files of accounts for its REST API. */
  readonly passwd: string;
  /** Where its plugins are; undefined for one that the machine installed, which knows. */
  readonly pluginFolder?: string;
}

const CACHE_NAME = 'mysql-router';

/**
 * MySQL Router: `RUNBOOK_MYSQLROUTER`, else PATH, else the cache, else unpacked there. As with the server, Debian's stable suites do not
 * have it. Throws TOOL_MISSING.
 */
export async function findMysqlRouter(progress: Progress = silent): Promise<MysqlRouterProgram> {
  const given = process.env['RUNBOOK_MYSQLROUTER'] ?? onPath('mysqlrouter');
  if (given) return { program: given, passwd: join(dirname(given), 'mysqlrouter_passwd') };
  const home = join(cacheFolder(), CACHE_NAME);
  if (!existsSync(home)) await install(progress);
  const bin = join(home, 'bin');
  return {
    program: join(bin, 'mysqlrouter'),
    passwd: join(bin, 'mysqlrouter_passwd'),
    pluginFolder: join(home, 'root/usr/lib/mysqlrouter/plugin'),
  };
}

async function install(progress: Progress): Promise<void> {
  if (!hasApt()) throw notInstallable('this machine has neither mysqlrouter on PATH nor apt-get to install it with');
  await installed(CACHE_NAME, progress, async (into, scratch) => {
    progress('Installing MySQL Router into the cache (once)');
    const source = distribution() === 'debian' ? { suite: 'sid' } : {};
    await unpackPackages(source, [['mysql-router']], join(into, 'root'), scratch, progress).catch((cause: unknown) => {
      throw notInstallable(`MySQL Router could not be installed: ${(cause as Error).message}`, cause);
    });
    const libraries = ['usr/lib/mysqlrouter/private', 'usr/lib/mysql-router'];
    for (const name of ['mysqlrouter', 'mysqlrouter_passwd']) writeWrapper(into, name, `usr/bin/${name}`, libraries);
  });
}

const notInstallable = (message: string, cause?: unknown): RunbookError =>
  new RunbookError({
    code: 'TOOL_MISSING',
    message,
    hint: 'Install MySQL Router 8.0.17 or newer so that it stands on PATH, or set RUNBOOK_MYSQLROUTER to the program.',
    cause,
  });
