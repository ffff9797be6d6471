import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { type RowDataPacket } from 'mysql2/promise';
import { type Lab, startLab } from '../lab';
import { faultsOf } from '../lab/faults';
import { reportOf } from '../lab/follow-run';
import { type Load, startLoad } from '../lab/load';
import { open } from '../lab/sql';
import { rootDoor } from '../lab/state';
import { changeId, EMERGENCY_TASK_QUEUE } from '../workflows/messages';
import { type Spread, spread } from './statistics';
import { flowing, partsOf } from './switchover';

const BUDGET_MS = 300;
const FROM = 'db1';
const TO = 'db2';

export interface RollbackCase extends Spread {
  readonly case: string;
  readonly runs: number;
  /** Clients' whole silence, the budget in it. */
  readonly gap: Spread;
  readonly acknowledged: number;
  readonly lost: number;
}

interface Undone {
  readonly gapMs: number;
  /** From giving up to the first write that the old primary acknowledges. */
  readonly rollbackMs: number;
}

/** How the candidate fails its part just after the freeze. `blocked`: it receives and acknowledges, and applies nothing. */
const FAULTS = ['blocked', 'hang', 'kill'] as const;
type Fault = (typeof FAULTS)[number];

/** A switchover that cannot be carried to its end once the old primary is frozen: how long until writes go on where they were? */
export async function benchRollback(runs: number, onRun: (line: string) => void): Promise<RollbackCase[]> {
  const lab = await startLab({ name: `bench-${process.pid}`, temporal: true, worker: true, lifetime: 'starter' });
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const client = new Client({ connection });
    const load = startLoad(lab, { perSecond: 500 });
    const results: Omit<RollbackCase, 'acknowledged' | 'lost'>[] = [];
    for (const fault of FAULTS) {
      const undone: Undone[] = [];
      while (undone.length < runs) {
        await flowing(load, 200);
        const one = await undoOnce(lab, client, load, fault);
        if (one) undone.push(one);
        const told = one ? `${one.rollbackMs} ms, gap ${one.gapMs} ms` : 'the fault came too late, switched back';
        onRun(`${fault} ${undone.length}/${runs}: ${told}`);
      }
      results.push({
        case: `rollback-${fault}`,
        runs,
        ...spread(undone.map(({ rollbackMs }) => rollbackMs)),
        gap: spread(undone.map(({ gapMs }) => gapMs)),
      });
    }
    const seen = await load.stop();
    const lost = (await seen.lostOn(FROM)).length;
    return results.map((one) => ({ ...one, acknowledged: seen.acknowledged.length, lost }));
  } finally {
    await connection.close();
    await lab.down();
  }
}

async function undoOnce(lab: Lab, client: Client, load: Load, fault: Fault): Promise<Undone | null> {
  const [root, blocker] = await Promise.all([FROM, TO].map((name) => open(rootDoor(lab.state, lab.server(name)))));
  if (!root || !blocker) throw new Error('no connection');
  try {
    const begun = performance.now();
    const run = await begin(lab, client, TO, BUDGET_MS);
    const scene = { over: false };
    const reported = reportOf(run).finally(() => (scene.over = true));
    // It reads ON as soon as it is asked for, a moment before it is in force.
    while (!scene.over && !(await isOn(root, '@@global.super_read_only')));
    const mend = await strike(lab, blocker, fault);
    const report = await reported;
    if (report.outcome === 'done') {
      await mend();
      await reportOf(await begin(lab, client, FROM));
      return null;
    }
    if (!report.headline.startsWith('Undone')) throw new Error(`not undone: ${report.headline}`);
    const resumed = await load.nextAcknowledgement();
    await mend();
    while (!(await receives(lab))) await pause(50);
    const times = load.acknowledged
      .map(({ atMs }) => atMs)
      .filter((at) => at >= begun && at <= resumed.atMs)
      .sort((one, other) => one - other);
    const gapMs = Math.round(Math.max(...times.map((at, index) => at - (times[index - 1] ?? at))));
    return { gapMs, rollbackMs: Math.max(0, Math.round(gapMs - (partsOf(report)['giving up'] ?? 0))) };
  } finally {
    root.destroy();
    blocker.destroy();
  }
}

const begin = (lab: Lab, client: Client, to: string, writeGapMs?: number) =>
  client.workflow.start('plannedSwitchover', {
    workflowId: changeId(lab.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: lab.cluster, to, writeGapMs, requestedBy: 'bench', reason: 'bench' }],
  });

/** Resolves with what mends it. */
async function strike(lab: Lab, blocker: Link, fault: Fault): Promise<() => Promise<unknown>> {
  const faults = faultsOf(lab.state);
  switch (fault) {
    case 'blocked':
      await blocker.query('LOCK TABLES shop.orders READ');
      return () => blocker.query('UNLOCK TABLES');
    case 'hang':
      faults.hang(TO);
      return () => {
        faults.wake(TO);
        return Promise.resolve();
      };
    case 'kill':
      await faults.kill(TO);
      return () => faults.start(TO, { replicate: true });
  }
}

type Link = Awaited<ReturnType<typeof open>>;

async function isOn(server: Link, what: string): Promise<boolean> {
  const [[row]] = await server.query<RowDataPacket[]>(`SELECT ${what} AS it`);
  return row?.['it'] === 1;
}

const receives = (lab: Lab): Promise<boolean> =>
  lab.value(TO, 'SELECT SERVICE_STATE FROM performance_schema.replication_connection_status').then(
    (state) => state === 'ON',
    () => false,
  );
