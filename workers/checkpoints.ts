import { appendFileSync, existsSync } from 'node:fs';

/**
 * Named points inside every step (`fence:begin`, `open:writes open` …). In production nothing listens. For drills and tests
 * `RUNBOOK_FAULT_AT=NAME` makes this worker kill itself the hard way at that point, once if `RUNBOOK_FAULT_ONCE` names a file,
 * which the death creates, so that the worker that takes over lives.
 */
export function checkpoints(environment: NodeJS.ProcessEnv = process.env): (name: string) => void {
  const at = environment.RUNBOOK_FAULT_AT;
  const once = environment.RUNBOOK_FAULT_ONCE;
  if (at === undefined) return () => undefined;
  return (name) => {
    if (name !== at || (once !== undefined && existsSync(once))) return;
    if (once !== undefined) appendFileSync(once, `${name}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
}
