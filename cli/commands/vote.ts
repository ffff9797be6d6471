import { type Command } from 'commander';
import { type Context, contextOf } from '../context';
import { EXIT, invalidInput } from '../exit';

interface VoteOptions {
  readonly plan?: string;
  readonly reason?: string;
  readonly breakGlass?: true;
}

export function registerApprove(program: Command): void {
  program
    .command('approve <run>')
    .description('answer yes to what a run asks (a cluster, workflow id or run id)')
    .option('--plan <hash>', 'the plan that you saw, as `runbook status` prints it; another plan is not approved by it')
    .option('--reason <text>', 'for the report')
    .option(
      '--break-glass',
      'emergency: approve alone, whatever the policy says; needs the role breaker and --reason, and is announced',
    )
    .action(async (run: string, options: VoteOptions, command: Command) => {
      if (options.breakGlass && !options.reason?.trim())
        throw invalidInput('a broken glass needs a reason', 'Add --reason "…": it is announced and kept.');
      await vote(contextOf(command), options.breakGlass ? 'breakGlass' : 'approve', run, options);
    });
}

export function registerReject(program: Command): void {
  program
    .command('reject <run>')
    .description('answer no to what a run asks; it ends without a change')
    .requiredOption('--reason <text>', 'for the report')
    .option('--plan <hash>', 'only if it still is this plan')
    .action(async (run: string, options: VoteOptions, command: Command) => {
      await vote(contextOf(command), 'reject', run, options);
    });
}

async function vote(
  context: Context,
  answer: 'approve' | 'reject' | 'breakGlass',
  written: string,
  options: VoteOptions,
): Promise<void> {
  if (options.plan !== undefined && !/^[0-9a-f]{8,64}$/.test(options.plan)) {
    throw invalidInput(
      '--plan is not the hash of a plan',
      'Copy the 8 characters or more that `runbook status` shows.',
    );
  }
  const [{ withTemporal }, { findRun }, { openQuestion, confirm, sendVote }] = await Promise.all([
    import('../temporal.js'),
    import('../runs.js'),
    import('../voting.js'),
  ]);
  await withTemporal(context, async (door) => {
    const run = await findRun(door, written);
    const question = await openQuestion(door, run);
    const plan = options.plan ?? (answer === 'reject' ? undefined : await confirm(question, run.workflowId));
    if (plan === null) {
      context.note('Not approved; the question stays open.');
      process.exitCode = EXIT.rejected;
      return;
    }
    const sentence = await sendVote(door, run, answer, {
      by: context.by,
      question: question.id,
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(plan === undefined ? {} : { plan }),
    });
    context.answer(sentence, { workflowId: run.workflowId, runId: run.runId, answer, plan: plan ?? null, sentence });
  });
}
