import { execFile } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type WorkflowHandle } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { isAlive } from '../../lab/processes';
import { compiled } from '../../lab/worker';
import { type RunbookReport } from '../../workflows/decisions/report';
import { drillId, progressQuery, type RunProgress, TASK_QUEUE } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { type Incident } from './incident';

type Written = Record<string, unknown>;

/** Writes a drill into the lab's inventory. Nothing is announced for long, and a kill is done by a command. */
export function declareDrill(lab: Lab, policy: Written = {}, cluster: Written = {}): void {
  const hook = join(lab.folder, 'kill-server.cjs');
  writeFileSync(
    hook,
    `const { instance, operation, version } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
if (version !== 1 || operation !== 'kill') process.exit(2);
const { servers } = JSON.parse(require('fs').readFileSync(${JSON.stringify(join(lab.folder, 'lab.json'))}, 'utf8'));
process.kill(servers.find(({ name }) => name === instance.name).pid, 'SIGKILL');
`,
  );
  editInventory(lab, ({ clusters }) => {
    // A server that was killed is started again by the test, as a supervisor does it.
    for (const instance of clusters[lab.cluster]!['instances'] as Written[]) delete instance['control'];
    Object.assign(clusters[lab.cluster]!, cluster, {
      drill: { announceSeconds: 0, killCommand: [process.execPath, hook], extras: 'replay', ...policy },
    });
  });
}

interface WrittenInventory extends Written {
  readonly clusters: Record<string, Written>;
}

/** As an editor saves it; workers read it anew. */
export function editInventory(lab: Lab, edit: (inventory: WrittenInventory) => void): void {
  const inventory = parse(readFileSync(lab.inventoryPath, 'utf8')) as WrittenInventory;
  edit(inventory);
  writeFileSync(`${lab.inventoryPath}.new`, stringify(inventory));
  renameSync(`${lab.inventoryPath}.new`, lab.inventoryPath);
}

export const beginDrill = (
  { client, lab }: Pick<Incident, 'client' | 'lab'>,
  input: object = {},
): Promise<WorkflowHandle> =>
  client.workflow.start('failoverDrill', {
    workflowId: drillId(lab.cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster: lab.cluster, requestedBy: 'tester@example.com', ...input }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: '3 s',
  });

export const drill = async (scene: Pick<Incident, 'client' | 'lab'>, input: object = {}): Promise<RunbookReport> =>
  (await beginDrill(scene, input)).result() as Promise<RunbookReport>;

export const drillSays = (handle: WorkflowHandle, until: (progress: RunProgress) => boolean): Promise<RunProgress> =>
  eventually('the drill says what is waited for', async () => {
    const progress = await handle.query(progressQuery);
    return until(progress) && progress;
  });

/** Starts db1 again when it has died, as systemd does, until `work` has ended; `late`: only when another takes writes. */
export async function supervised<Result>(
  { lab, faults }: Incident,
  work: Promise<Result>,
  { late = true }: { readonly late?: boolean } = {},
): Promise<Result> {
  const state = { over: false };
  const replaced = async (): Promise<boolean> =>
    (await Promise.all(['db2', 'db3'].map((name) => lab.value(name, 'SELECT @@global.read_only')))).includes(0);
  const supervisor = (async () => {
    while (!state.over) {
      if (!isAlive(lab.server('db1')) && (!late || (await replaced()))) await faults.start('db1');
      await pause(50);
    }
  })();
  try {
    return await work;
  } finally {
    state.over = true;
    await supervisor;
  }
}

/** The command line, as somebody types it beside this fleet. */
export const type = (lab: Lab, line: string): Promise<{ readonly code: number; readonly stdout: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1', RUNBOOK_INVENTORY: lab.inventoryPath, RUNBOOK_AS: 'ada' };
    execFile(process.execPath, [compiled('cli/main.js'), ...line.split(' ')], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout: stdout || stderr }),
    );
  });

export const history = (lab: Lab, server: string): Promise<Record<string, unknown>[]> =>
  lab.rows(server, 'SELECT * FROM runbooks.drills ORDER BY ended_at');
