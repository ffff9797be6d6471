import { type Instance } from '../../workflows/decisions/cluster';
import { type FenceFindings } from '../../workflows/decisions/fence';
import { endingOf, runProgram } from '../programs/run';

/** Longer than a power switch takes, shorter than anybody's patience. */
const DEADLINE_MS = 30_000;

/**
 * Run the instance's fence command (stop, power off). Exit code 0 is the proof. It may run twice: it must be written so that
 * stopping what is stopped succeeds.
 */
export async function runFenceCommand(instance: Instance): Promise<FenceFindings['command']> {
  if (instance.fenceCommand === undefined) return null;
  const ended = await runProgram(instance.fenceCommand, { deadlineMs: DEADLINE_MS });
  const failed = endingOf(ended, DEADLINE_MS);
  // Standard error may quote credentials of a power switch: only the exit code and the first line of output are kept.
  const said = ended.stdout.split('\n')[0]?.slice(0, 200) ?? '';
  return failed === ''
    ? { succeeded: true, because: said || 'exit code 0' }
    : { succeeded: false, because: `it ${failed}` };
}
