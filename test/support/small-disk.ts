import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../../lab/programs/tool';

export interface SmallDisk {
  /** A folder on a file system of its own. */
  readonly path: string;
  stop(): void;
}

/** A disk that really gets full: a tmpfs in a mount namespace of its own, which another process sees below /proc/PID/root. Needs no root. */
export async function smallDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  const mounted = join(folder, 'small');
  mkdirSync(mounted, { recursive: true });
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const script = 'mount -t tmpfs -o "size=$1m,mode=700" tmpfs "$2" && echo mounted && exec sleep 3600';
  const child = spawn(
    onPath('unshare') ?? 'unshare',
    [...asRoot, '--mount', 'sh', '-c', script, 'sh', String(megabytes), mounted],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the small disk could not be mounted')));
  });
  return { path: `/proc/${String(child.pid)}/root${mounted}`, stop: () => child.kill('SIGKILL') };
}

/** Takes all the room that is left, until it is stopped. */
export function ballast(path: string): { stop: () => void } {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096);
  const fill = () => {
    try {
      for (;;) writeSync(file, block);
    } catch {
      // Full: the next turn takes what is given back meanwhile.
    }
  };
  fill();
  const filling = setInterval(fill, 20);
  return {
    stop() {
      clearInterval(filling);
      closeSync(file);
      rmSync(path);
    },
  };
}
