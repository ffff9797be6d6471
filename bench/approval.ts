import { readFileSync, writeFileSync } from 'node:fs';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { type Lab, startLab } from '../lab';
import { type Question } from '../workflows/decisions/question';
import { approveUpdate, changeId, EMERGENCY_TASK_QUEUE, progressQuery } from '../workflows/messages';
import { type Spread, spread } from './statistics';

export interface ApprovalCase extends Spread {
  readonly case: 'update';
  readonly runs: number;
  /** Until the one who pressed was told that it counts. */
  readonly steps: { readonly answered: Spread };
}

/** Approval pressed → the next step starts on the worker: real switchovers, back and forth, of a cluster that asks before each. */
export async function benchApproval(runs: number, onRun: (line: string) => void): Promise<ApprovalCase> {
  const lab = await startLab({
    name: `bench-${process.pid}`,
    temporal: true,
    worker: true,
    durability: 'async',
    lifetime: 'starter',
  });
  try {
    askBeforePlannedChanges(lab);
    const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
    try {
      const client = new Client({ connection });
      const pressed: Pressed[] = [];
      for (let run = 0; run < runs; run += 1) {
        const one = await approve(client, lab.cluster, run % 2 === 0 ? 'db2' : 'db1');
        onRun(`approved: told after ${one.answeredMs} ms, next step after ${Math.round(one.nextStepMs)} ms`);
        pressed.push(one);
      }
      return {
        case: 'update',
        runs,
        ...spread(pressed.map(({ nextStepMs }) => nextStepMs)),
        steps: { answered: spread(pressed.map(({ answeredMs }) => answeredMs)) },
      };
    } finally {
      await connection.close();
    }
  } finally {
    await lab.down();
  }
}

interface Pressed {
  readonly answeredMs: number;
  readonly nextStepMs: number;
}

async function approve(client: Client, cluster: string, to: string): Promise<Pressed> {
  const handle = await client.workflow.start('plannedSwitchover', {
    workflowId: changeId(cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster, to, requestedBy: 'bench' }],
  });
  const { planHash } = await questionOf(handle);
  const at = Date.now();
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'bench', plan: planHash }] });
  const answeredMs = Date.now() - at;
  await handle.result();
  return { answeredMs, nextStepMs: (await firstStartAfter(handle, at)) - at };
}

async function questionOf(handle: WorkflowHandle): Promise<Question> {
  for (;;) {
    const { question, outcome, headline } = await handle.query(progressQuery);
    if (question) return question;
    if (outcome !== null) throw new Error(`it did not ask: ${headline}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** When a worker began the first activity after `at`, by the server's clock, which is this machine's. Epoch milliseconds. */
async function firstStartAfter(handle: WorkflowHandle, at: number): Promise<number> {
  const { events } = await handle.fetchHistory();
  const starts = (events ?? [])
    .filter(({ activityTaskStartedEventAttributes }) => activityTaskStartedEventAttributes)
    .map(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6);
  const next = starts.find((start) => start >= at);
  if (next === undefined) throw new Error('no step began after the approval');
  return next;
}

function askBeforePlannedChanges({ cluster, state }: Lab): void {
  const inventory = parse(readFileSync(state.inventoryPath, 'utf8')) as { clusters: Record<string, object> };
  inventory.clusters[cluster] = { ...inventory.clusters[cluster], approvals: { planned: 'ask' } };
  writeFileSync(state.inventoryPath, stringify(inventory));
}
