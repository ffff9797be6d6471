import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { dyingWithStarter } from '../background';
import { type LabServer, type Lifetime } from '../options';
import { onPath } from '../programs/tool';

/**
 * A disk that really gets full, without root: the server starts in a mount namespace of its own (as root of a user
 * namespace where it is not root already), where its folder of binary logs is a small tmpfs. A full one gives mysqld the
 * real error 28, and the real behaviour: the commit waits and the error log says so. The binary logs die with the process.
 */
export function onSmallDisk(server: LabServer, program: string, lifetime: Lifetime): [string, string[]] {
  const unshare = onPath('unshare');
  if (!unshare) {
    throw new RunbookError({
      code: 'TOOL_MISSING',
      message: 'a small disk needs the program unshare',
      hint: 'Install util-linux.',
    });
  }
  const script = 'mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$2" && shift 2 && exec "$@"';
  const size = String(server.smallDiskMegabytes);
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return [
    unshare,
    [
      ...asRoot,
      '--mount',
      'sh',
      '-c',
      script,
      'sh',
      size,
      binlogFolder(server),
      ...dyingWithStarter(lifetime),
      program,
    ],
  ];
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
