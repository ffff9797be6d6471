import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { type ActivityInterceptorsFactory } from '@temporalio/worker';

/** Stand in for a point's name: every point, each in its turn. */
const EACH = '*';

/**
 * Named points inside every step (`fence:begin`, `open:writes open` …) and around every activity. In production nothing listens.
 * For drills and tests `RUNBOOK_FAULT_AT=NAME` makes this worker kill itself the hard way at that point; with
 * `RUNBOOK_FAULT_SIGNAL=SIGSTOP` it stands still there instead, until it is told to go on (SIGCONT). Once, if `RUNBOOK_FAULT_ONCE`
 * names a file, in which the point is noted, so that the worker that takes over lives. `RUNBOOK_FAULT_AT=*` with such a file
 * dies once at every point that a run passes: no point can be forgotten.
 */
export function checkpoints(environment: NodeJS.ProcessEnv = process.env): (name: string) => void {
  const at = environment.RUNBOOK_FAULT_AT;
  const once = environment.RUNBOOK_FAULT_ONCE;
  const signal = environment.RUNBOOK_FAULT_SIGNAL === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL';
  if (at === undefined) return () => undefined;
  return (name) => {
    if ((at !== EACH && name !== at) || (once !== undefined && passedBefore(once, name))) return;
    if (once !== undefined) appendFileSync(once, `${name}\n`);
    process.kill(process.pid, signal);
  };
}

const passedBefore = (file: string, name: string): boolean =>
  existsSync(file) && readFileSync(file, 'utf8').split('\n').includes(name);

/** `openPrimary:called` and `openPrimary:done`: the second lies between the work and the moment when its result is recorded. */
export const checkpointsAround =
  (checkpoint: (name: string) => void): ActivityInterceptorsFactory =>
  ({ info }) => ({
    inbound: {
      async execute(input, next) {
        checkpoint(`${info.activityType}:called`);
        const result = await next(input);
        checkpoint(`${info.activityType}:done`);
        return result;
      },
    },
  });
