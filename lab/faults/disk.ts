import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../../activities/errors';
import { dyingWithStarter, startInLab } from '../background';
import { type LabServer, type LabState, type Lifetime } from '../options';
import { isAlive } from '../processes';
import { onPath, runTool } from '../programs/tool';

/**
 * A disk that really gets full, without root: the server starts in a mount namespace of its own (as root of a user
 * namespace where it is not root already), where its folder of binary logs is a small tmpfs. A full one gives mysqld the
 * real error 28, and the real behaviour: the commit waits and the error log says so. The binary logs die with the process.
 */
export function onSmallDisk(server: LabServer, program: string, lifetime: Lifetime): [string, string[]] {
  const mounted = onTmpfs(server.smallDiskMegabytes, binlogFolder(server));
  return [mounted.unshare, [...mounted.args, ...dyingWithStarter(lifetime), program]];
}

/** Words in front of a command that runs where `folder` is a tmpfs of that size. */
function onTmpfs(megabytes: number, folder: string): { readonly unshare: string; readonly args: string[] } {
  const unshare = onPath('unshare');
  if (!unshare) {
    throw new RunbookError({
      code: 'TOOL_MISSING',
      message: 'a small disk needs the program unshare',
      hint: 'Install util-linux.',
    });
  }
  const script = 'mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$2" && shift 2 && exec "$@"';
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return { unshare, args: [...asRoot, '--mount', 'sh', '-c', script, 'sh', String(megabytes), folder] };
}

const MOUNTS_WITHIN_MS = 10_000;

/**
 * Moves a server's data folder to a small disk that stays while its server is restarted: a process of the lab's holds the mount. Returns the words
 * in front of a program that is to see it.
 */
export async function moveToSmallDisk(state: LabState, folder: string, megabytes: number): Promise<string[]> {
  const [disk, data] = [join(folder, 'small'), join(folder, 'data')];
  mkdirSync(disk, { mode: 0o700 });
  const { unshare, args } = onTmpfs(megabytes, disk);
  const hold = ['sh', '-c', 'touch "$0"/mounted && exec sleep infinity', disk];
  const command = [...args, ...dyingWithStarter(state.lifetime), ...hold];
  const holder = startInLab(state, unshare, command, { log: join(folder, 'disk.log') });
  // Another process sees the mount below /proc/PID/root.
  const seen = `/proc/${holder.pid}/root${disk}`;
  for (const until = performance.now() + MOUNTS_WITHIN_MS; !existsSync(join(seen, 'mounted'));) {
    if (!isAlive(holder) || performance.now() > until)
      throw new RunbookError({
        code: 'TOOL_FAILED',
        message: `the small disk of ${folder} could not be mounted`,
        hint: `Read ${join(folder, 'disk.log')}.`,
      });
    await pause(20);
  }
  await runTool('cp', ['-a', data, seen]);
  rmSync(data, { recursive: true });
  symlinkSync(join(disk, 'data'), data);
  symlinkSync(seen, diskOf({ folder }));
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
  return ['nsenter', `--target=${holder.pid}`, '--mount', ...asRoot, '--wd=/', '--'];
}

const diskOf = ({ folder }: Pick<LabServer, 'folder'>): string => join(folder, 'disk');

/** Fills the disk of a data folder until so much is left. Give the space back with the function that is returned. */
export function fillDataDisk(server: Pick<LabServer, 'folder'>, leaveMegabytes: number): () => void {
  const disk = diskOf(server);
  const filler = join(disk, 'filler');
  const file = openSync(filler, 'w');
  const megabyte = Buffer.alloc(1024 * 1024);
  const free = () => {
    const { bavail, bsize } = statfsSync(disk);
    return (bavail * bsize) / megabyte.length;
  };
  try {
    while (free() > leaveMegabytes && tryWrite(file, megabyte));
  } finally {
    closeSync(file);
  }
  return () => rmSync(filler, { force: true });
}

export const binlogFolder = (server: Pick<LabServer, 'folder'>): string => join(server.folder, 'binlogs');

/** Fills the small disk to the last byte. Give the space back with the function that is returned. */
export function fillDisk(server: LabServer): () => void {
  if (!server.smallDiskMegabytes) {
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `${server.name} has no disk of its own to fill`,
      hint: `Start the lab with smallDisk: { ${server.name}: 64 }.`,
    });
  }
  // Another process sees the server's mounts below /proc/PID/root.
  const filler = join(`/proc/${server.pid}/root`, binlogFolder(server), 'filler');
  const file = openSync(filler, 'w');
  const megabyte = Buffer.alloc(1024 * 1024);
  try {
    for (const piece of [megabyte, megabyte.subarray(0, 4096), megabyte.subarray(0, 1)]) {
      while (tryWrite(file, piece));
    }
  } finally {
    closeSync(file);
  }
  return () => rmSync(filler, { force: true });
}

function tryWrite(file: number, piece: Buffer): boolean {
  try {
    return writeSync(file, piece) === piece.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
