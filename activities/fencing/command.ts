import { execFile } from 'node:child_process';
import { type Instance } from '../../workflows/decisions/cluster';
import { type FenceFindings } from '../../workflows/decisions/fence';

/** Longer than a power switch takes, shorter than anybody's patience. */
const DEADLINE_MS = 30_000;

/**
 * Run the instance's fence command (stop, power off). Exit code 0 is the proof. It may run twice: it must be written so that
 * stopping what is stopped succeeds.
 */
export function runFenceCommand(instance: Instance): Promise<FenceFindings['command']> {
  const [program, ...args] = instance.fenceCommand ?? [];
  if (program === undefined) return Promise.resolve(null);
  return new Promise((resolve) => {
    execFile(program, args, { timeout: DEADLINE_MS, killSignal: 'SIGKILL' }, (error, stdout) => {
      // Standard error may quote credentials of a power switch: only the exit code and the first line of output are kept.
      const said = stdout.split('\n')[0]?.slice(0, 200) ?? '';
      if (!error) resolve({ succeeded: true, because: said || 'exit code 0' });
      else
        resolve({
          succeeded: false,
          because: error.killed ? `no end within ${DEADLINE_MS / 1000} s` : `exit code ${String(error.code)}`,
        });
    });
  });
}
