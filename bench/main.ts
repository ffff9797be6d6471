import { writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { benchApply } from './binlog-apply';
import { benchApproval } from './approval';
import { benchBackup } from './backup';
import { benchGateway } from './gateway';
import { benchProvision, PROVISION_CASES } from './provision';
import { benchRollback, type RollbackCase } from './rollback';
import { benchSwitchover, SWITCHOVER_RATES, type SwitchoverCase } from './switchover';
import { benchWatch } from './watch';
import { benchFailover, type FailoverCase, type FaultCase } from './failover';

const USAGE = `Usage: npm run bench -- failover [--runs 10] [--case kill|hang] [--durability semi-sync] [--rate 500] [--json FILE]
       npm run bench -- switchover [--runs 20] [--case idle|500-per-second|2000-per-second|rollback] [--json FILE]
       npm run bench -- provision [--runs 3] [--megabytes 500] [--case clone|logical] [--json FILE]
       npm run bench -- approval [--runs 20] [--json FILE]
       npm run bench -- gateway [--runs 200] [--json FILE]
       npm run bench -- backup [--runs 3] [--megabytes 500] [--json FILE]
       npm run bench -- restore [--case backup] [--runs 3] [--megabytes 500] [--json FILE]
       npm run bench -- restore [--case archive] [--runs 3] [--seconds 15] [--json FILE]
       npm run bench -- watch [--seconds 60] [--json FILE]`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      case: { type: 'string' },
      durability: { type: 'string', default: 'semi-sync' },
      rate: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '60' },
      megabytes: { type: 'string', default: '500' },
      json: { type: 'string' },
    },
  });
  const print = async (bench: string, results: readonly object[]) => {
    const machine = {
      cores: cpus().length,
      cpu: cpus()[0]?.model ?? '',
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      node: process.version,
    };
    const text = `${JSON.stringify({ bench, machine, cases: results }, null, 2)}\n`;
    if (values.json === undefined) process.stdout.write(text);
    else await writeFile(values.json, text);
  };
  if (positionals[0] === 'watch') {
    await print('watch', [await benchWatch(Number(values.seconds), (line) => console.error(line))]);
    return 0;
  }
  if (positionals[0] === 'backup' || positionals[0] === 'restore') {
    const [times, megabytes] = [Number(values.runs ?? 3), Number(values.megabytes)];
    if (!Number.isInteger(times) || times < 1 || !(megabytes > 0)) {
      console.error(USAGE);
      return 2;
    }
    const onRun = (line: string) => console.error(line);
    const ofBackups = positionals[0] === 'backup' || values.case !== 'archive';
    const ofArchive = positionals[0] === 'restore' && values.case !== 'backup';
    await print(positionals[0], [
      ...(ofBackups ? await benchBackup(positionals[0], times, megabytes, onRun) : []),
      ...(ofArchive ? await benchApply(times, Number(values.seconds), onRun) : []),
    ]);
    return 0;
  }
  if (positionals[0] === 'approval') {
    await print('approval', [await benchApproval(Number(values.runs ?? 20), (line) => console.error(line))]);
    return 0;
  }
  if (positionals[0] === 'gateway') {
    const webhooks = Number(values.runs ?? 200);
    if (!Number.isInteger(webhooks) || webhooks < 1) {
      console.error(USAGE);
      return 2;
    }
    await print('gateway', await benchGateway(webhooks));
    return 0;
  }
  if (positionals[0] === 'provision') {
    const only = PROVISION_CASES.filter((name) => values.case === undefined || name === values.case);
    const [times, megabytes] = [Number(values.runs ?? 3), Number(values.megabytes)];
    if (only.length === 0 || !Number.isInteger(times) || times < 1 || !(megabytes > 0)) {
      console.error(USAGE);
      return 2;
    }
    await print('provision', await benchProvision(only, times, megabytes, (line) => console.error(line)));
    return 0;
  }
  if (positionals[0] === 'switchover') return switchovers(Number(values.runs ?? 20), values.case, print);
  const runs = Number(values.runs ?? 10);
  const perSecond = Number(values.rate);
  const durability = values.durability;
  const cases: FaultCase[] =
    values.case === undefined
      ? ['kill', 'hang']
      : values.case === 'kill' || values.case === 'hang'
        ? [values.case]
        : [];
  const known = durability === 'async' || durability === 'semi-sync' || durability === 'lossless';
  if (
    positionals[0] !== 'failover' ||
    !Number.isInteger(runs) ||
    runs < 1 ||
    !(perSecond > 0) ||
    cases.length === 0 ||
    !known
  ) {
    console.error(USAGE);
    return 2;
  }
  const results: FailoverCase[] = [];
  for (const fault of cases)
    results.push(await benchFailover(fault, { runs, durability, perSecond, onRun: (line) => console.error(line) }));
  await print('failover', results);
  return results.some((one) => one.lost > 0) ? 1 : 0;
}

async function switchovers(
  runs: number,
  only: string | undefined,
  print: (bench: string, results: readonly object[]) => Promise<void>,
): Promise<number> {
  const rates = SWITCHOVER_RATES.filter((rate) => only === undefined || rate === only);
  const rollback = only === undefined || only === 'rollback';
  if (!Number.isInteger(runs) || runs < 1 || (rates.length === 0 && !rollback)) {
    console.error(USAGE);
    return 2;
  }
  const onRun = (line: string) => console.error(line);
  const results: (SwitchoverCase | RollbackCase)[] = [];
  for (const rate of rates) results.push(...(await benchSwitchover(rate, runs, onRun)));
  if (rollback) results.push(...(await benchRollback(runs, onRun)));
  await print('switchover', results);
  return results.some((one) => one.lost > 0) ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
