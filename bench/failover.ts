import { Client, Connection } from '@temporalio/client';
import { startLab } from '../lab';
import { faultsOf } from '../lab/faults';
import { reportOfChange } from '../lab/follow-run';
import { startLoad } from '../lab/load';
import { type Durability } from '../workflows/decisions/cluster';
import { type RunbookReport } from '../workflows/decisions/report';
import { TASK_QUEUE, watchId } from '../workflows/messages';
import { type Spread, spread } from './statistics';
import { untilWatched } from '../lab/watched';

export type FaultCase = 'kill' | 'hang';

/** One failover as a client behind the router saw it. Milliseconds. */
export interface Measured {
  /** Fault to the first write acknowledged afterwards. */
  readonly totalMs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly failedStatements: number;
  readonly doublePrimaries: number;
  /** Parts of the total, by name. `orchestration` is what is neither probing nor MySQL nor router work. */
  readonly steps: Readonly<Record<string, number>>;
}

export interface FailoverCase extends Spread {
  readonly case: FaultCase;
  readonly durability: Durability;
  readonly runs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly failedStatements: number;
  readonly doublePrimaries: number;
  readonly steps: Readonly<Record<string, Spread>>;
}

export interface FailoverBench {
  readonly runs: number;
  readonly durability: Durability;
  readonly perSecond: number;
  readonly onRun: (line: string) => void;
}

/** Kill or hang the primary of a fresh lab under load, again and again, and measure at the client. */
export async function benchFailover(fault: FaultCase, options: FailoverBench): Promise<FailoverCase> {
  const measured: Measured[] = [];
  for (let run = 1; run <= options.runs; run += 1) {
    const one = await measureOnce(fault, options);
    measured.push(one);
    const steps = Object.entries(one.steps).map(([name, ms]) => `${name} ${Math.round(ms)}`);
    options.onRun(
      `${fault} ${run}/${options.runs}: ${Math.round(one.totalMs)} ms (${steps.join(', ')}), lost ${one.lost} of ${one.acknowledged}`,
    );
  }
  const sum = (value: (one: Measured) => number) => measured.reduce((total, one) => total + value(one), 0);
  const names = [...new Set(measured.flatMap((one) => Object.keys(one.steps)))];
  return {
    case: fault,
    durability: options.durability,
    runs: measured.length,
    ...spread(measured.map((one) => one.totalMs)),
    acknowledged: sum((one) => one.acknowledged),
    lost: sum((one) => one.lost),
    failedStatements: sum((one) => one.failedStatements),
    doublePrimaries: sum((one) => one.doublePrimaries),
    steps: Object.fromEntries(names.map((name) => [name, spread(measured.flatMap((one) => one.steps[name] ?? []))])),
  };
}

async function measureOnce(fault: FaultCase, { durability, perSecond }: FailoverBench): Promise<Measured> {
  const lab = await startLab({
    name: `bench-${process.pid}`,
    durability,
    temporal: true,
    worker: true,
    lifetime: 'starter',
  });
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const client = new Client({ connection });
    await client.workflow.start('watchCluster', {
      workflowId: watchId(lab.cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster: lab.cluster }],
    });
    const load = startLoad(lab, { perSecond });
    await untilWatched(client, lab.cluster);
    const before = performance.now();
    while (load.acknowledged.length < perSecond) await load.nextAcknowledgement(before);

    const faults = faultsOf(lab.state);
    const faultAt = performance.now();
    if (fault === 'kill') await faults.kill('db1');
    else faults.hang('db1');
    const report = await reportOfChange(client, lab.cluster);
    const successor = lab.server(report.newPrimary ?? 'db1').uuid;
    const resumed =
      load.acknowledged.find((one) => one.by === successor) ?? (await load.nextAcknowledgement(faultAt, successor));
    if (fault === 'hang') faults.wake('db1');
    const result = await load.stop();
    const lost = await result.lostOn(report.newPrimary ?? 'db1');
    return {
      totalMs: resumed.atMs - faultAt,
      acknowledged: result.acknowledged.length,
      lost: lost.length,
      failedStatements: result.failed.length,
      doublePrimaries: result.doublePrimaries().length,
      steps: stepsOf(report, performance.timeOrigin + faultAt, performance.timeOrigin + resumed.atMs),
    };
  } finally {
    await connection.close();
    await lab.down();
  }
}

/**
 * The critical path in parts, which add up to the total. Work is what an activity measured inside itself, up to the first write through a
 * router; `clients` is from there to the first write of a client, who has to connect again; what is left is orchestration.
 */
function stepsOf(report: RunbookReport, faultAtEpochMs: number, resumedAtEpochMs: number): Record<string, number> {
  const noticed = /noticed at (\S+): /.exec(report.evidence[0] ?? '')?.[1];
  const noticedAt = noticed ? Date.parse(noticed) : Date.parse(report.startedAt);
  const names: [RegExp, string][] = [
    [/^Look/, 'look'],
    [/^Fence/, 'fence'],
    [/^Apply/, 'open'],
    [/^Point every/, 'route'],
  ];
  const work: Record<string, number> = {};
  for (const [title, name] of names) {
    const step = report.steps.find((one) => title.test(one.title));
    if (step) work[name] = Math.max(0, ...step.parts.map((part) => part.atMs));
  }
  const provedAt = Date.parse(report.rto?.to ?? '');
  // A client may be through before our own proof is: then the rest of that step is nobody's waiting time.
  const early = Math.max(0, provedAt - resumedAtEpochMs);
  work.route = Math.max(0, (work.route ?? 0) - early);
  const clients = Math.max(0, resumedAtEpochMs - provedAt);
  const worked = Object.values(work).reduce((sum, ms) => sum + ms, 0);
  const detect = noticedAt - faultAtEpochMs;
  return { detect, ...work, clients, orchestration: resumedAtEpochMs - noticedAt - worked - clients };
}
