import { type Command } from 'commander';
import { contextOf, requester } from '../context';
import { EXIT } from '../exit';

interface CancelOptions {
  readonly reason?: string;
}

export function registerCancel(program: Command): void {
  program
    .command('cancel <run>')
    .description(
      'call a run off before it changes anything: one that waits for its time, or for sessions (a cluster, workflow id or run id)',
    )
    .option('--reason <text>', 'why, for its history')
    .addHelpText(
      'after',
      '\nA run that has begun to change something goes on to its end, or undoes what it did. Exit code 0 when it was called off.',
    )
    .action(async (written: string, options: CancelOptions, command: Command) => {
      const context = contextOf(command);
      const [{ withTemporal }, { cancelRun, runToCancel }] = await Promise.all([
        import('../temporal.js'),
        import('../cancelling.js'),
      ]);
      await withTemporal(context, async (door) => {
        const run = await runToCancel(door, written);
        const { calledOff, sentence } = await cancelRun(door, run, { by: requester(), reason: options.reason ?? '' });
        context.answer(sentence, { workflowId: run.workflowId, runId: run.runId, calledOff, sentence });
        if (!calledOff) process.exitCode = EXIT.failed;
      });
    });
}
