import { type Command } from 'commander';
import { contextOf } from '../context';
import { EXIT, exitOfOutcome, type ExitCode } from '../exit';
import { type RunProgress } from '../../workflows/messages';

interface StatusOptions {
  readonly follow?: boolean;
}

export function registerStatus(program: Command): void {
  program
    .command('status [run]')
    .description(
      'the steps of a run, live on a terminal (a cluster, workflow id or run id; default: the one that runs)',
    )
    .option('--follow', 'go on until the run ends (default on a terminal)')
    .option('--no-follow', 'look once')
    .action(async (written: string | undefined, options: StatusOptions, command: Command) => {
      const context = contextOf(command);
      const [{ withTemporal }, { findRun, theOnlyOne }, { progressOf }, { waitFor }, { renderProgress }] =
        await Promise.all([
          import('../temporal.js'),
          import('../runs.js'),
          import('../follow.js'),
          import('../wait.js'),
          import('../progress.js'),
        ]);
      await withTemporal(context, async (door) => {
        const run = await (written === undefined ? theOnlyOne(door) : findRun(door, written));
        if (!run) {
          context.answer('Nothing is running. What ran before: runbook list', null);
          return;
        }
        const live = options.follow ?? (process.stdout.isTTY && !context.json);
        if (live && run.status === 'RUNNING') {
          process.exitCode = exitOfOutcome((await waitFor(context, door, run)).outcome);
          return;
        }
        const progress = await progressOf(door, door.client.workflow.getHandle(run.workflowId, run.runId));
        const page = progress
          ? renderProgress(progress, run.workflowId).join('\n')
          : `${run.runbook} ${run.workflowId}: ${run.outcome || run.status}\nNo worker answers for its steps. Start one: runbook worker`;
        context.answer(page, { ...run, progress });
        process.exitCode = exitOf(run.status, progress);
      });
    });
}

/** A run that goes on is no failure; one that ended without an outcome is. */
function exitOf(status: string, progress: RunProgress | null): ExitCode {
  if (progress?.outcome) return exitOfOutcome(progress.outcome);
  return status === 'RUNNING' || status === 'COMPLETED' ? EXIT.done : EXIT.failed;
}
