import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { compiled } from '../../lab/worker';

export interface WorkerProcess {
  /** All it has written so far. */
  said(): string;
  stop(): Promise<void>;
}

/** `runbook worker` or `runbook gateway` of the build, once it says that it is ready. Fails with its last words when it ends before. */
export async function startWorkerProcess(
  inventory: string,
  env: NodeJS.ProcessEnv,
  command: 'worker' | 'gateway' = 'worker',
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [compiled('cli/main.js'), command, '--inventory', inventory], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const ended = once(child, 'exit');
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes(`${command} ready`)) resolve();
      });
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const first = await Promise.race([ready.then(() => 'ready'), ended.then(() => 'ended')]);
  if (first === 'ended') throw new Error(`the ${command} ended: ${said.trim()}`);
  return { said: () => said, stop };
}
