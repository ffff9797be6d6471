import { writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { benchApproval } from './approval';
import { benchBackup } from './backup';
import { benchApply } from './binlog-apply';
import { benchFailover, type FailoverCase, type FaultCase } from './failover';
import { benchGateway } from './gateway';
import { benchProvision, PROVISION_CASES, type ProvisionBench } from './provision';
import { benchRollback, type RollbackCase } from './rollback';
import { benchSwitchover, SWITCHOVER_RATES, type SwitchoverCase, type SwitchoverRate } from './switchover';
import { benchWatch } from './watch';
import { type Durability } from '../workflows/decisions/cluster';

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number of at least 1.');
  return value;
};
const onRun = (line: string): void => console.error(line);

const program = new Command('bench')
  .description('Each measures ours and, where there is one, the bare tool, in one run.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

function bench(
  name: string,
  what: string,
  defaults: { readonly runs?: number; readonly cases?: readonly string[] },
): Command {
  const command = program.command(name).description(what);
  if (defaults.runs !== undefined) command.option('--runs <number>', 'of each case', whole, defaults.runs);
  if (defaults.cases) command.addOption(new Option('--case <case>', 'this one alone').choices(defaults.cases));
  return command.option('--json <file>', 'write the numbers there');
}

async function tell(name: string, json: string | undefined, cases: readonly object[]): Promise<void> {
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  const text = `${JSON.stringify({ bench: name, machine, cases }, null, 2)}\n`;
  if (json === undefined) process.stdout.write(text);
  else await writeFile(json, text);
  // A number that cost rows is none.
  if (cases.some((one) => 'lost' in one && Number(one.lost) > 0)) process.exitCode = 1;
}

interface Wish<Case extends string = string> {
  readonly runs: number;
  readonly case?: Case;
  readonly json?: string;
}

const only = <Case extends string>(all: readonly Case[], wish: Case | undefined): readonly Case[] =>
  wish === undefined ? all : [wish];

const FAULTS: readonly FaultCase[] = ['kill', 'hang'];
bench('failover', 'a primary dies under load', { runs: 10, cases: FAULTS })
  .addOption(new Option('--durability <policy>').choices(['async', 'semi-sync', 'lossless']).default('semi-sync'))
  .option('--rate <number>', 'writes a second', whole, 500)
  .action(async (wish: Wish<FaultCase> & { readonly durability: Durability; readonly rate: number }) => {
    const { runs, durability, rate: perSecond } = wish;
    const results: FailoverCase[] = [];
    for (const fault of only(FAULTS, wish.case))
      results.push(await benchFailover(fault, { runs, durability, perSecond, onRun }));
    await tell('failover', wish.json, results);
  });

bench('switchover', 'the primary moves under load', { runs: 20, cases: [...SWITCHOVER_RATES, 'rollback'] }).action(
  async (wish: Wish<SwitchoverRate | 'rollback'>) => {
    const results: (SwitchoverCase | RollbackCase)[] = [];
    for (const one of only([...SWITCHOVER_RATES, 'rollback' as const], wish.case))
      results.push(
        ...(one === 'rollback' ? await benchRollback(wish.runs, onRun) : await benchSwitchover(one, wish.runs, onRun)),
      );
    await tell('switchover', wish.json, results);
  },
);

const megabytes = ['--megabytes <number>', 'of tables', whole, 500] as const;
bench('provision', 'a server is filled', { runs: 3, cases: PROVISION_CASES })
  .option(...megabytes)
  .action(async (wish: Wish<ProvisionBench> & { readonly megabytes: number }) => {
    await tell(
      'provision',
      wish.json,
      await benchProvision(only(PROVISION_CASES, wish.case), wish.runs, wish.megabytes, onRun),
    );
  });

bench('backup', 'a backup is taken', { runs: 3 })
  .option(...megabytes)
  .action(async (wish: Wish & { readonly megabytes: number }) => {
    await tell('backup', wish.json, await benchBackup('backup', wish.runs, wish.megabytes, onRun));
  });

const RESTORES = ['backup', 'archive'] as const;
bench('restore', 'backups are restored, archived binary logs applied', { runs: 3, cases: RESTORES })
  .option(...megabytes)
  .option('--seconds <number>', 'of writes that are archived', whole, 15)
  .action(async (wish: Wish<(typeof RESTORES)[number]> & { readonly megabytes: number; readonly seconds: number }) => {
    const results: object[] = [];
    for (const one of only(RESTORES, wish.case))
      results.push(
        ...(one === 'backup'
          ? await benchBackup('restore', wish.runs, wish.megabytes, onRun)
          : await benchApply(wish.runs, wish.seconds, onRun)),
      );
    await tell('restore', wish.json, results);
  });

bench('approval', 'approval pressed, next step started', { runs: 20 }).action(async (wish: Wish) => {
  await tell('approval', wish.json, [await benchApproval(wish.runs, onRun)]);
});

bench('gateway', 'a webhook, until Temporal has the run', { runs: 200 }).action(async (wish: Wish) => {
  await tell('gateway', wish.json, await benchGateway(wish.runs));
});

bench('watch', 'what watching an idle cluster costs', {})
  .option('--seconds <number>', 'watched', whole, 60)
  .action(async (wish: Wish & { readonly seconds: number }) => {
    await tell('watch', wish.json, [await benchWatch(wish.seconds, onRun)]);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
