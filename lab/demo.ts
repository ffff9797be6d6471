import { Client, Connection } from '@temporalio/client';
import pc from 'picocolors';
import { untilWatched } from './watched';
import { type RunbookReport } from '../workflows/decisions/report';
import { TASK_QUEUE, watchId } from '../workflows/messages';
import { type Lab, startLab } from './index';
import { demoOfUpgrade } from './demo-upgrade';
import { faultsOf } from './faults';
import { type Load, startLoad } from './load';
import { momentsOf, reportOfChange } from './follow-run';
import { loseTable } from './lost-table';
import { printProgress } from './programs/progress';

const PER_SECOND = 500;

type Act = (lab: Lab, client: Client) => Promise<number>;

const ACTS: Readonly<Record<string, { readonly title: string; readonly act: Act }>> = {
  failover: { title: 'A MySQL primary dies under load, and writes resume.', act: failOver },
  'lost-table': { title: 'A table is dropped under load, and comes back.', act: bringBackTable },
};

/** From nothing, told line by line; ends with one line that scripts can read. Exit code 0 = nothing was lost. */
async function demo(name: string, keep: boolean): Promise<number> {
  const chosen = ACTS[name];
  if (!chosen) {
    say(`There is no demo "${name}": ${Object.keys(ACTS).join(', ')}.`);
    return 2;
  }
  say(pc.bold(chosen.title), 'Real servers, a real HAProxy, a real Temporal; nothing is simulated.', '');
  const lab = await startLab({
    name: 'demo',
    temporal: true,
    worker: true,
    lifetime: keep ? 'lab' : 'starter',
    onProgress: printProgress(process.stdout),
  });
  try {
    const connection = await Connection.connect({ address: lab.temporal?.address ?? '' });
    try {
      return await chosen.act(lab, new Client({ connection }));
    } finally {
      await connection.close();
    }
  } finally {
    if (keep) say('', `The fleet is still up: runbook lab status --name demo, runbook lab down --name demo`);
    else await lab.down();
  }
}

async function failOver(lab: Lab, client: Client): Promise<number> {
  const ui = lab.temporal?.uiAddress ?? '';
  say('', `Three servers, semi-synchronous: db1 takes writes, db2 and db3 follow. Web UI: ${pc.cyan(ui)}`);
  await client.workflow.start('watchCluster', {
    workflowId: watchId(lab.cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster: lab.cluster }],
  });
  const load = startLoad(lab, { perSecond: PER_SECOND });
  await untilWatched(client, lab.cluster);
  await acknowledged(load, 2 * PER_SECOND);
  say(
    `A watcher looks at db1 every 200 ms. Four clients write ${PER_SECOND} rows a second through HAProxy: ${load.acknowledged.length} acknowledged so far.`,
    '',
  );

  const faultAt = performance.now();
  await faultsOf(lab.state).kill('db1');
  say(pc.red(`   0 ms  kill -9 db1`));
  const report = await reportOfChange(client, lab.cluster);
  await acknowledged(load, load.acknowledged.length + PER_SECOND);
  return tell(lab, load, report, faultAt);
}

async function tell(lab: Lab, load: Load, report: RunbookReport, faultAt: number): Promise<number> {
  const seen = await load.stop();
  const successor = report.newPrimary ?? 'db1';
  const first = seen.acknowledged.find((write) => write.by === lab.server(successor).uuid);
  const before = seen.acknowledged.findLast((write) => first !== undefined && write.atMs < first.atMs);
  const lost = await seen.lostOn(successor);
  const doubles = seen.doublePrimaries();

  const resumed = first
    ? [
        {
          atEpochMs: performance.timeOrigin + first.atMs,
          line: pc.green(`a client has its first write acknowledged by ${successor}`),
        },
      ]
    : [];
  for (const { atEpochMs, line } of [...momentsOf(report), ...resumed].sort(
    (one, other) => one.atEpochMs - other.atEpochMs,
  )) {
    say(`${String(Math.round(atEpochMs - performance.timeOrigin - faultAt)).padStart(4)} ms  ${line}`);
  }
  say('', report.headline, ...report.left.map((line) => pc.dim(`  left to do: ${line}`)), '');
  if (!first || !before) {
    say(pc.red('Writes did not resume.'));
    return 1;
  }
  for (const double of doubles)
    say(pc.red(`${double.by} acknowledged ${double.count} writes after another server had taken over.`));
  const seconds = (ms: number) => (ms / 1000).toFixed(2);
  say(
    `RTO ${seconds(first.atMs - faultAt)} s · write gap ${seconds(first.atMs - before.atMs)} s · lost ${lost.length} of ${seen.acknowledged.length} acknowledged writes`,
  );
  return lost.length === 0 && doubles.length === 0 && report.outcome === 'done' ? 0 : 1;
}

async function bringBackTable(lab: Lab, client: Client): Promise<number> {
  say('', 'Three servers: db1 takes writes, db2 and db3 follow. Clients write 200 rows a second into shop.orders.');
  const { report, rows, back, backMs, acknowledged: writes, lost } = await loseTable(lab, client, say);
  for (const { line } of momentsOf(report)) say(`  ${line}`);
  say('', report.headline, ...report.left.map((line) => pc.dim(`  left to do: ${line}`)), '');
  say(
    `shop.items back ${(backMs / 1000).toFixed(2)} s after its DROP · ${back} of ${rows} rows · lost ${lost} of ${writes} acknowledged writes beside it`,
  );
  return report.outcome === 'done' && back === rows && lost === 0 ? 0 : 1;
}

async function acknowledged(load: Load, rows: number): Promise<void> {
  while (load.acknowledged.length < rows) await load.nextAcknowledgement();
}

const say = (...lines: string[]): void => lines.forEach((line) => process.stdout.write(`${line}\n`));

const [wanted = 'failover'] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
(wanted === 'upgrade' ? demoOfUpgrade() : demo(wanted, process.argv.includes('--keep'))).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const hint = error instanceof Error && 'hint' in error ? ` ${String(error.hint)}` : '';
    console.error(`demo: ${error instanceof Error ? error.message : String(error)}.${hint}`);
    process.exitCode = 1;
  },
);
