import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
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

/** A switchover whose candidate dies, or hangs until the budget is used up, just after the freeze: how long until writes go on? */
export async function benchRollback(runs: number, onRun: (line: string) => void): Promise<RollbackCase[]> {
  const lab = await startLab({ name: `bench-${process.pid}`, temporal: true, worker: true, lifetime: 'starter' });
  const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
  try {
    const load = startLoad(lab, { perSecond: 500 });
    const results: Omit<RollbackCase, 'acknowledged' | 'lost'>[] = [];
    for (const fault of ['kill', 'hang'] as const) {
      const undone: Undone[] = [];
      while (undone.length < runs) {
        await flowing(load, 200);
        const one = await undoOnce(lab, new Client({ connection }), load, fault);
        undone.push(one);
        onRun(`${fault} ${undone.length}/${runs}: ${one.rollbackMs} ms, gap ${one.gapMs} ms`);
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

async function undoOnce(lab: Lab, client: Client, load: Load, fault: 'kill' | 'hang'): Promise<Undone> {
  const faults = faultsOf(lab.state);
  const begun = performance.now();
  const run = await client.workflow.start('plannedSwitchover', {
    workflowId: changeId(lab.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: lab.cluster, to: TO, writeGapMs: BUDGET_MS, requestedBy: 'bench', reason: 'bench' }],
  });
  const root = await open(rootDoor(lab.state, lab.server(FROM)));
  try {
    for (let frozen = false; !frozen;) {
      const [[row]] = (await root.query('SELECT @@global.super_read_only AS frozen')) as unknown as [
        { frozen: number }[],
      ];
      frozen = row?.frozen === 1;
    }
  } finally {
    root.destroy();
  }
  const frozenAt = performance.now();
  if (fault === 'kill') await faults.kill(TO);
  else faults.hang(TO);
  const report = await reportOf(run);
  const resumed = await load.nextAcknowledgement();
  if (fault === 'kill') await faults.start(TO, { replicate: true });
  else faults.wake(TO);
  if (report.outcome !== 'failed' || !report.headline.startsWith('Undone'))
    throw new Error(`not undone: ${report.headline}`);
  await follows(lab);
  const times = load.acknowledged.filter(({ atMs }) => atMs >= begun && atMs <= resumed.atMs).map(({ atMs }) => atMs);
  const after = Math.min(...times.filter((at) => at > frozenAt + 20));
  const before = Math.max(...times.filter((at) => at < after));
  const patient = partsOf(report)['giving up'] ?? 0;
  const gapMs = Math.round(after - before);
  return { gapMs, rollbackMs: Math.max(0, Math.round(gapMs - patient)) };
}

async function follows(lab: Lab): Promise<void> {
  const asked = 'SELECT SERVICE_STATE FROM performance_schema.replication_connection_status';
  while ((await lab.value(TO, asked).catch(() => null)) !== 'ON') await pause(50);
}
