import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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
