import { type Command } from 'commander';
import { type Context, contextOf } from '../context';
import { exitOfOutcome } from '../exit';
import { requireRole } from '../may';
import { runbookHelp } from '../runbook-words';

interface StartOptions {
  readonly cluster?: string;
  readonly input?: string;
  readonly reason?: string;
  readonly to?: string;
  readonly datacentre?: string;
  readonly at?: string;
  readonly window?: true;
  readonly wait?: true;
  readonly dryRun?: true;
}

const EXAMPLES = `

Examples:
  runbook start emergencyFailover --cluster orders --wait
  runbook start emergencyFailover --cluster orders --reason "disk of db1 died" --json
  runbook start plannedSwitchover --cluster orders --to db2 --window

A cluster is changed by one run at a time. When one runs already, this command says which and shows that one.`;

export function registerPlan(program: Command): void {
  const plan = program
    .command('plan <runbook>')
    .description('show what a runbook would do now: candidates, reasons, what could be lost; changes nothing')
    .option('--cluster <name>', 'the cluster, as the inventory names it')
    .option('--input <json>', 'more input of the runbook, for example \'{"trigger":"alert"}\'');
  whereAndWhen(plan)
    .addHelpText('after', runbookHelp)
    .action(async (runbook: string, options: StartOptions, command: Command) => {
      await start(contextOf(command), runbook, { ...options, wait: true }, true);
    });
}

export function registerStart(program: Command): void {
  const begin = program
    .command('start <runbook>')
    .description('start a runbook; it goes on when this command ends')
    .option('--cluster <name>', 'the cluster, as the inventory names it')
    .option('--input <json>', 'more input of the runbook, for example \'{"dryRun":true}\'')
    .option('--reason <text>', 'why, for the report')
    .option('--wait', 'show every step and end with its outcome as exit code')
    .option('--dry-run', 'only print the plan: the same as `runbook plan`');
  whereAndWhen(begin)
    .addHelpText('after', () => `${runbookHelp()}${EXAMPLES}`)
    .action(async (runbook: string, options: StartOptions, command: Command) => {
      const plan = options.dryRun === true;
      await start(contextOf(command), runbook, plan ? { ...options, wait: true } : options, plan);
    });
}

/** Of plannedSwitchover; the others do not know them and say so. */
const whereAndWhen = (command: Command): Command =>
  command
    .option(
      '--to <name>',
      'plannedSwitchover: the wanted primary (default: the best replica); upgradeCluster: the next release',
    )
    .option('--datacentre <name>', 'plannedSwitchover: any replica of this datacentre')
    .option('--at <time>', 'plannedSwitchover: begin then, for example 2026-11-22T03:00:00+01:00')
    .option('--window', 'plannedSwitchover: begin inside a maintenance window only');

const given = (options: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

async function start(context: Context, name: string, options: StartOptions, planOnly: boolean): Promise<void> {
  const { FLEET, findRunbook, readInput } = await import('../runbooks.js');
  const runbook = findRunbook(name);
  const { reason, to, datacentre, at, window } = options;
  const input = await readInput(runbook, {
    cluster: options.cluster,
    input: options.input,
    defaults: {
      requestedBy: context.by,
      ...(planOnly ? { dryRun: true } : {}),
      ...given({ reason, to, datacentre, at, window }),
    },
  });
  await requireRole(context, planOnly ? 'viewer' : 'operator');
  // Where an inventory lies here, a misspelt cluster is answered here; elsewhere the worker knows.
  if (input.cluster !== FLEET && (await context.inventoryIfAny())) await context.cluster(input.cluster);

  const [{ withTemporal }, { startRun, announce }, { waitFor }] = await Promise.all([
    import('../temporal.js'),
    import('../start-run.js'),
    import('../wait.js'),
  ]);
  await withTemporal(context, async (door) => {
    const run = await startRun(door, runbook, input);
    announce(context, door, run);
    if (!options.wait) {
      context.answer(`Follow it: runbook status ${run.workflowId}`, run);
      return;
    }
    const report = await waitFor(context, door, run);
    process.exitCode = exitOfOutcome(report.outcome);
  });
}
