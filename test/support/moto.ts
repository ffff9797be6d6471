import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installed } from '../../lab/programs/cache';
import { silent } from '../../lab/programs/progress';
import { runTool } from '../../lab/programs/tool';
import { reservePorts } from '../../lab/ports';
import { eventually } from './wait';

const VERSION = '5.2.5';

export interface Moto {
  readonly endpoint: string;
  stop(): void;
}

/** AWS on this machine: moto's server, unpacked into the cache once. Needs python3 with pip. */
export async function startMoto(folder: string): Promise<Moto> {
  const home = await installed(`moto-${VERSION}-s3`, silent, async (into) => {
    const target = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', into];
    await runTool('python3', [...target, `moto[s3,secretsmanager,server]==${VERSION}`], { deadlineMs: 240_000 });
  });
  const [port = 0] = await reservePorts(1, join(folder, 'moto'));
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONPATH: home },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually('moto answers', async () => (await fetch(`${endpoint}/moto-api/`)).status > 0, 60_000);
  return { endpoint, stop: () => child.kill('SIGKILL') };
}
