import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { distribution, hasApt, unpackPackages, writeWrapper } from './apt';
import { cacheFolder, installed } from './cache';
import { type Progress, silent } from './progress';
import { isExecutable, onPath, runTool } from './tool';

export interface MysqlPrograms {
  /** As the server prints it: `9.7.4`. */
  readonly version: string;
  /** The server; its process is the server itself, not a wrapper around it. */
  readonly mysqld: string;
  /** Folder with mysql, mysqlbinlog and mysqldump, where there are any. */
  readonly bin: string;
  /** Options that a relocated server needs to find its own files. Empty for one installed by the machine. */
  readonly options: Readonly<Record<string, string>>;
}

const CACHE_NAME = 'mysql-9.7';
const CLIENTS = ['mysql', 'mysqlbinlog', 'mysqldump', 'mysqladmin'];
const FIRST = [8, 0, 26]; // the first release with the source/replica names for the semi-synchronous plugins
const LAST = [9, 7, 999];

/**
 * MySQL 8.0.26 to 9.7: `RUNBOOK_MYSQLD_BASEDIR` (holds bin/ or sbin/ with mysqld), else PATH, else the cache, else
 * unpacked into the cache from Debian packages. Throws TOOL_MISSING with what to install.
 */
export async function findMysql(progress: Progress = silent): Promise<MysqlPrograms> {
  const basedir = process.env['RUNBOOK_MYSQLD_BASEDIR'];
  if (basedir) return fromBasedir(basedir);
  return (await fromPath(progress)) ?? fromCache(await install(progress));
}

async function fromBasedir(basedir: string): Promise<MysqlPrograms> {
  const mysqld = ['bin', 'sbin', 'libexec'].map((folder) => join(basedir, folder, 'mysqld')).find(isExecutable);
  if (!mysqld) {
    throw new RunbookError({
      code: 'TOOL_MISSING',
      message: `RUNBOOK_MYSQLD_BASEDIR is ${basedir}, and no mysqld stands in its bin or sbin`,
      hint: 'Point it at an unpacked MySQL distribution, or unset it to let the lab install one.',
    });
  }
  return { version: await versionOf(mysqld), mysqld, bin: join(basedir, 'bin'), options: { basedir } };
}

async function fromPath(progress: Progress): Promise<MysqlPrograms | undefined> {
  const mysqld = onPath('mysqld');
  if (!mysqld) return undefined;
  if (confined(mysqld)) {
    progress(`${mysqld} is confined by AppArmor to its own data folder; the lab uses a copy of its own`);
    return undefined;
  }
  const version = await versionOf(mysqld).catch(() => '');
  if (!supported(version)) {
    progress(`${mysqld} is not MySQL 8.0.26 to 9.7; the lab uses a copy of its own`);
    return undefined;
  }
  const client = onPath('mysqlbinlog');
  return { version, mysqld, bin: dirname(client ?? mysqld), options: {} };
}

/** Ubuntu's profile lets /usr/sbin/mysqld write below /var/lib/mysql only. */
function confined(mysqld: string): boolean {
  const enabled = '/sys/module/apparmor/parameters/enabled';
  if (mysqld !== '/usr/sbin/mysqld' || !existsSync('/etc/apparmor.d/usr.sbin.mysqld') || !existsSync(enabled))
    return false;
  return readFileSync(enabled, 'utf8').startsWith('Y');
}

/** `mysqld  Ver 9.7.4 for Linux …`; MariaDB says so in the same line and gives ''. */
async function versionOf(mysqld: string): Promise<string> {
  const words = await runTool(mysqld, ['--no-defaults', '--version'], { deadlineMs: 20_000 });
  return /mariadb/i.test(words) ? '' : (/Ver (\d+\.\d+\.\d+)/.exec(words)?.[1] ?? '');
}

function supported(version: string): boolean {
  const parts = version.split('.').map(Number);
  const compare = (bound: readonly number[]) => {
    const at = bound.findIndex((limit, index) => limit !== parts[index]);
    return at < 0 ? 0 : (parts[at] ?? 0) - (bound[at] ?? 0);
  };
  return version !== '' && compare(FIRST) >= 0 && compare(LAST) <= 0;
}

function fromCache(home: string): MysqlPrograms {
  const mysqld = join(home, 'bin', 'mysqld');
  const usr = join(home, 'root', 'usr');
  const version = readFileSync(join(home, 'version'), 'utf8').trim();
  return {
    version,
    mysqld,
    bin: join(home, 'bin'),
    options: {
      basedir: usr,
      'lc-messages-dir': messagesFolder(usr),
      'character-sets-dir': join(messagesFolder(usr), 'charsets'),
      'plugin-dir': join(usr, 'lib', 'mysql', 'plugin'),
    },
  };
}

const messagesFolder = (usr: string): string => join(usr, 'share', 'mysql');

async function install(progress: Progress): Promise<string> {
  if (existsSync(join(cacheFolder(), CACHE_NAME))) return join(cacheFolder(), CACHE_NAME);
  if (!hasApt()) throw notInstallable('this machine has neither mysqld on PATH nor apt-get to install it with');
  return installed(CACHE_NAME, progress, async (into, scratch) => {
    progress('Installing MySQL into the cache (once)');
    // Debian's stable suites carry MariaDB only; other distributions carry MySQL under a versioned name.
    const debian = distribution() === 'debian';
    const source = debian ? { suite: 'sid' } : {};
    const named = (suffix: string) => ['server-core', 'client-core'].map((part) => `mysql-${part}${suffix}`);
    const alternatives = debian ? [named('')] : [named(''), named('-8.4'), named('-8.0')];
    await unpackPackages(source, alternatives, join(into, 'root'), scratch, progress).catch((cause: unknown) => {
      throw notInstallable(`MySQL could not be installed: ${(cause as Error).message}`, cause);
    });
    writeWrapper(into, 'mysqld', 'usr/sbin/mysqld');
    for (const client of CLIENTS.filter((name) => existsSync(join(into, 'root/usr/bin', name)))) {
      writeWrapper(into, client, `usr/bin/${client}`);
    }
    writeFileSync(join(into, 'version'), await versionOf(join(into, 'bin', 'mysqld')));
  });
}

const notInstallable = (message: string, cause?: unknown): RunbookError =>
  new RunbookError({
    code: 'TOOL_MISSING',
    message,
    hint: 'Install MySQL 8.0.26 to 9.7 (server and client) so that mysqld stands on PATH, or set RUNBOOK_MYSQLD_BASEDIR.',
    cause,
  });
