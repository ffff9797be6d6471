import { type Command } from 'commander';
import { contextOf } from '../context';
import { EXIT, invalidInput } from '../exit';

interface ControlOptions {
  readonly reason?: string;
  readonly minutes?: string;
}

export function registerControls(program: Command): void {
  control(
    program,
    'pause',
    'stop a run before its next step, unless clients wait; the lock of its cluster stays held',
  ).option('--minutes <number>', 'then it is called off, or goes on where there is no way back (default: 30)');
  control(program, 'resume', 'go on after a pause');
  control(
    program,
    'cancel',
    'call a run off, also one that waits for its time, and undo what it did; past its point of no return it goes on to its end',
  ).addHelpText('after', '\nExit code 0 when it has ended and nothing that it did stands.');
}

export function registerGoBack(program: Command): void {
  program
    .command('go-back <cluster>')
    .description(
      'in an upgrade: the old release takes the writes again, with all that was written since (before the switch: the same as cancel); says what it costs',
    )
    .option('--reason <text>', 'for the report')
    .action(async (cluster: string, options: { readonly reason?: string }, command: Command) => {
      const context = contextOf(command);
      const [{ withTemporal }, { goBack }] = await Promise.all([import('../temporal.js'), import('../controlling.js')]);
      await withTemporal(context, async (door) => {
        const { reason } = options;
        const word = { by: context.by, ...(reason === undefined ? {} : { reason }) };
        const { workflowId, runId, sentence } = await goBack(door, cluster, word);
        context.answer(`${sentence}. See it with: runbook status ${workflowId}`, { workflowId, runId, sentence });
      });
    });
}

const control = (program: Command, name: 'pause' | 'resume' | 'cancel', description: string): Command =>
  program
    .command(`${name} <run>`)
    .description(`${description} (a cluster, workflow id or run id)`)
    .option('--reason <text>', 'for the report')
    .action(async (written: string, options: ControlOptions, command: Command) => {
      const minutes = options.minutes === undefined ? undefined : Number(options.minutes);
      if (Number.isNaN(minutes)) throw invalidInput('--minutes is not a number', 'Write it as in --minutes 30.');
      const context = contextOf(command);
      const [{ withTemporal }, { cancelRun, controlRun, runToControl }] = await Promise.all([
        import('../temporal.js'),
        import('../controlling.js'),
      ]);
      await withTemporal(context, async (door) => {
        const run = await runToControl(door, written);
        const { reason } = options;
        const word = {
          by: context.by,
          ...(reason === undefined ? {} : { reason }),
          ...(minutes === undefined ? {} : { minutes }),
        };
        const heard =
          name === 'cancel' ? await cancelRun(door, run, word) : { sentence: await controlRun(door, run, name, word) };
        context.answer(heard.sentence, { workflowId: run.workflowId, runId: run.runId, [name]: true, ...heard });
        if ('calledOff' in heard && !heard.calledOff) process.exitCode = EXIT.failed;
      });
    });
