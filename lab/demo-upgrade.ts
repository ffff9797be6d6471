import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, type WorkflowHandle } from '@temporalio/client';
import pc from 'picocolors';
import { type RunbookReport } from '../workflows/decisions/report';
import { approveUpdate, goBackUpdate, progressQuery, TASK_QUEUE, upgradeId } from '../workflows/messages';
import { startBeside } from './beside';
import { type Acknowledgement } from './load';
import { write } from './load/writer';
import { printProgress } from './programs/progress';
import { rows } from './sql';
import { APP, startTwoFleets, type TwoFleets } from './two-fleets';

const say = (...lines: string[]): void => lines.forEach((line) => process.stdout.write(`${line}\n`));

/** 5.7 becomes 8.0 under load, goes back with what was written since, and forward again. Exit code 0 = nothing was lost. */
export async function demoOfUpgrade(): Promise<number> {
  say(
    pc.bold('MySQL 5.7 becomes 8.0 under load, with a way back.'),
    'Real servers of both releases; days are seconds here.',
    '',
  );
  const folder = mkdtempSync(join(tmpdir(), 'mrb-upgrade-'));
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const onProgress = printProgress(process.stdout);
    const fleets = await startTwoFleets(join(folder, 'fleets'), { blue: '5.7.22', green: '8.0.12', onProgress });
    ends.unshift(() => fleets.stop());
    const beside = await startBeside(folder, fleets.cluster, fleets.inventory);
    ends.unshift(() => beside.stop());
    await beside.startWorker();
    say('', `db1 and db2 run 5.7, db3 and db4 are empty and run 8.0. Web UI: ${pc.cyan(beside.uiAddress)}`);
    return await upgrade(fleets, beside.client, ends);
  } finally {
    for (const stop of ends) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function upgrade(fleets: TwoFleets, client: Client, ends: (() => Promise<unknown>)[]): Promise<number> {
  const { cluster } = fleets;
  const written: Acknowledgement[] = [];
  const state = { over: false };
  const target = {
    host: '127.0.0.1',
    ports: [fleets.haproxy.writePort],
    ...APP,
    connectTimeoutMs: 2_000,
    multiplexed: false,
  };
  const writing = write(target, {
    ...{ writer: 1, firstSequence: 1, everyMs: 5, stopping: () => state.over, refusedConnection: () => undefined },
    acknowledged: (one) => void written.push(one),
    failed: () => undefined,
  });
  ends.unshift(() => {
    state.over = true;
    return writing;
  });
  const short = { soakHours: 0.0005, watchHours: 0.001, keepHours: 0.001 };
  const handle = await client.workflow.start('upgradeCluster', {
    workflowId: upgradeId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster, to: '8.0', ...short, requestedBy: 'demo', reason: 'demo' }],
  });
  await approve(handle, /^Move the primary/);
  await asked(handle, /^Retire/);
  const since = written.length;
  while (written.length < since + 1_000) await pause(50);
  say(`${written.length - since} rows were written on 8.0; now back to 5.7`);
  say(pc.yellow(`  ${await handle.executeUpdate(goBackUpdate, { args: [{ by: 'demo', reason: 'to show it' }] })}`));
  await asked(handle, /^Move the primary/);
  const lostBack = await lost(fleets, 'db1', written);
  say(`db1 (5.7) is the primary again: ${lostBack} of ${written.length} acknowledged rows are missing there`);
  await approve(handle, /^Move the primary/);
  await approve(handle, /^Retire/);
  const report = (await handle.result()) as RunbookReport;
  state.over = true;
  await writing;
  const lostThere = await lost(fleets, 'db3', written);
  for (const { title, detail, durationMs } of report.steps)
    say(pc.dim(`  ${title} · ${durationMs ?? 0} ms · ${detail}`));
  say(
    '',
    report.headline,
    '',
    `lost ${lostBack} on the way back, ${lostThere} in the end, of ${written.length} acknowledged writes`,
  );
  return lostBack === 0 && lostThere === 0 && report.outcome === 'done' ? 0 : 1;
}

async function asked(handle: WorkflowHandle, text: RegExp): Promise<string> {
  for (;;) {
    const { question, outcome, headline } = await handle.query(progressQuery);
    if (question && text.test(question.text)) return question.planHash;
    if (outcome !== null) throw new Error(`the upgrade has ended: ${headline}`);
    await pause(100);
  }
}

async function approve(handle: WorkflowHandle, text: RegExp): Promise<void> {
  const plan = await asked(handle, text);
  const { question } = await handle.query(progressQuery);
  say(pc.green(`asked: ${question?.text ?? ''} yes`));
  await handle.executeUpdate(approveUpdate, { args: [{ by: 'demo', plan }] });
}

async function lost(fleets: TwoFleets, name: string, written: readonly Acknowledgement[]): Promise<number> {
  const seen = [...written];
  const kept = await rows(fleets.at(name).root, 'SELECT writer, sequence FROM shop.orders');
  const there = new Set(kept.map((row) => `${String(row['writer'])}/${String(row['sequence'])}`));
  return seen.filter(({ writer, sequence }) => !there.has(`${writer}/${sequence}`)).length;
}
