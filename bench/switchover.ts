import { Client, Connection } from '@temporalio/client';
import { type Lab, startLab } from '../lab';
import { reportOf } from '../lab/follow-run';
import { type Load, startLoad } from '../lab/load';
import { type RunbookReport, type StepPart } from '../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE } from '../workflows/messages';
import { bareSwitch } from './bare-switch';
import { percentile, type Spread, spread } from './statistics';

/** Writes per second by case. Idle: one client that asks often enough to see a gap. */
const RATES = { idle: 100, '500-per-second': 500, '2000-per-second': 2_000 } as const;
export type SwitchoverRate = keyof typeof RATES;
export const SWITCHOVER_RATES = Object.keys(RATES) as SwitchoverRate[];

export interface SwitchoverCase extends Spread {
  readonly case: string;
  readonly runs: number;
  readonly p99Ms: number;
  /** Writes that were really acknowledged each second. */
  readonly perSecond: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly failedStatements: number;
  readonly failedStatementsPerSwitch: number;
  readonly steps: Readonly<Record<string, Spread>>;
}

interface Measured {
  /** From the last write that the old primary acknowledged to the first of the new one. */
  readonly gapMs: number;
  readonly failedStatements: number;
  readonly steps: Readonly<Record<string, number>>;
}

type Switch = (lab: Lab, client: Client, from: string, to: string) => Promise<Record<string, number>>;

/** Move the primary of one lab back and forth under load, through HAProxy and without, by the runbook and by a bare script. */
export async function benchSwitchover(
  rate: SwitchoverRate,
  runs: number,
  onRun: (line: string) => void,
): Promise<SwitchoverCase[]> {
  const results: SwitchoverCase[] = [];
  for (const [name, router, carryOut] of [
    [rate, 'haproxy', byRunbook],
    [`${rate}-bare-script`, 'haproxy', byScript],
    [`${rate}-direct`, 'none', byRunbook],
    [`${rate}-direct-bare-script`, 'none', byScript],
  ] as const)
    results.push(await measure({ name, router, carryOut, perSecond: RATES[rate], runs }, onRun));
  return results;
}

interface Case {
  readonly name: string;
  readonly router: 'haproxy' | 'none';
  readonly carryOut: Switch;
  readonly perSecond: number;
  readonly runs: number;
}

async function measure(
  { name, router, carryOut, perSecond, runs }: Case,
  onRun: (line: string) => void,
): Promise<SwitchoverCase> {
  const lab = await startLab({
    name: `bench-${process.pid}`,
    router,
    temporal: true,
    worker: true,
    lifetime: 'starter',
  });
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const client = new Client({ connection });
    const load = startLoad(lab, { perSecond, ...(perSecond < 500 && { writers: 1 }) });
    const begun = performance.now();
    await flowing(load, 200);
    const measured: Measured[] = [];
    // The first of a workflow type in a worker is the slow one, and clients that switch every week meet a warm worker.
    for (let run = 0; run <= runs; run += 1) {
      const one = await measureOnce(lab, client, load, carryOut, run % 2 === 0 ? ['db1', 'db2'] : ['db2', 'db1']);
      if (run > 0) measured.push(one);
      const steps = Object.entries(one.steps).map(([step, ms]) => `${step} ${Math.round(ms)}`);
      onRun(
        `${name} ${run}/${runs}: ${Math.round(one.gapMs)} ms (${steps.join(', ')}), failed ${one.failedStatements}`,
      );
      await flowing(load, 200);
    }
    const seconds = (performance.now() - begun) / 1_000;
    const seen = await load.stop();
    const gaps = measured.map((one) => one.gapMs);
    const failed = measured.reduce((sum, one) => sum + one.failedStatements, 0);
    const names = [...new Set(measured.flatMap((one) => Object.keys(one.steps)))];
    return {
      case: name,
      runs: measured.length,
      ...spread(gaps),
      p99Ms: Math.round(percentile(gaps, 0.99)),
      perSecond: Math.round(seen.acknowledged.length / seconds),
      acknowledged: seen.acknowledged.length,
      lost: (await seen.lostOn(runs % 2 === 0 ? 'db2' : 'db1')).length,
      failedStatements: failed,
      failedStatementsPerSwitch: failed / measured.length,
      steps: Object.fromEntries(names.map((step) => [step, spread(measured.flatMap((one) => one.steps[step] ?? []))])),
    };
  } finally {
    await connection.close();
    await lab.down();
  }
}

async function measureOnce(
  lab: Lab,
  client: Client,
  load: Load,
  carryOut: Switch,
  [from, to]: readonly [string, string],
): Promise<Measured> {
  const begun = performance.now();
  const [failedBefore, { uuid: old }, { uuid: next }] = [load.failed.length, lab.server(from), lab.server(to)];
  const steps = await carryOut(lab, client, from, to);
  await load.nextAcknowledgement(0, next);
  const since = load.acknowledged.filter(({ atMs }) => atMs >= begun);
  const last = Math.max(...since.filter(({ by }) => by === old).map(({ atMs }) => atMs));
  const first = Math.min(...since.filter(({ by }) => by === next).map(({ atMs }) => atMs));
  return { gapMs: first - last, failedStatements: load.failed.length - failedBefore, steps };
}

async function byRunbook(lab: Lab, client: Client, _: string, to: string): Promise<Record<string, number>> {
  const run = await client.workflow.start('plannedSwitchover', {
    workflowId: changeId(lab.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: lab.cluster, to, requestedBy: 'bench', reason: 'bench' }],
  });
  const report = await reportOf(run);
  if (report.outcome !== 'done') throw new Error(`${report.outcome}: ${report.headline} ${report.left.join('; ')}`);
  return partsOf(report);
}

async function byScript(lab: Lab, _: Client, from: string, to: string): Promise<Record<string, number>> {
  await bareSwitch(lab, from, to);
  return {};
}

/** What the one step that clients wait for was made of, each part by its own length. */
export function partsOf({ steps }: RunbookReport): Record<string, number> {
  const parts = steps.find(({ title }) => title.startsWith('Hold, freeze'))?.parts ?? [];
  const since = (part: StepPart, index: number) => part.atMs - (parts[index - 1]?.atMs ?? 0);
  return Object.fromEntries(parts.map((part, index) => [part.name, since(part, index)]));
}

export async function flowing(load: Load, writes: number): Promise<void> {
  const wanted = load.acknowledged.length + writes;
  while (load.acknowledged.length < wanted) await load.nextAcknowledgement();
}
