import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WorkflowHandle } from '@temporalio/client';
import { type Lab } from '../../lab';
import { type LabWorker } from '../../lab/options';
import { isAlive, signal, stateOf } from '../../lab/processes';
import { type WorkerOptions } from '../../lab/worker';
import { changeId, EMERGENCY_TASK_QUEUE } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { type Incident } from './incident';

/** Stands still at `point`, once, until `goOn`; a test does something to the servers meanwhile. */
export const standsStillAt = (folder: string, point: string): WorkerOptions => ({
  faultAt: point,
  env: { RUNBOOK_FAULT_SIGNAL: 'SIGSTOP', RUNBOOK_FAULT_ONCE: join(folder, 'stood-still') },
});

/** Until one of the lab's workers stands still at its point. Returns what lets it go on. `run`: whose end says why nobody ever did. */
export async function stoodStill(lab: Lab, run?: Promise<{ readonly headline: string }>): Promise<() => void> {
  const seen: { end?: string } = {};
  void run?.then(
    ({ headline }) => (seen.end = headline),
    (error: unknown) => (seen.end = String(error)),
  );
  const worker = await eventually(
    'a worker stands still at its point',
    () => {
      const still = lab.state.workers.find((each) => stateOf(each) === 'T');
      if (!still && seen.end !== undefined) throw new Error(`the run has ended: ${seen.end}`);
      return still;
    },
    60_000,
  );
  return () => void signal(worker, 'SIGCONT');
}

/** The points in `file` (RUNBOOK_FAULT_ONCE), in the order in which they were met. */
export const pointsMet = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];

/** Begins a runbook as a person would, and does not wait for it. */
export const begin = (
  { client, lab }: Pick<Incident, 'client' | 'lab'>,
  input: object = {},
  runbook = 'emergencyFailover',
): Promise<WorkflowHandle> =>
  client.workflow.start(runbook, {
    workflowId: changeId(lab.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: lab.cluster, requestedBy: 'tester@example.com', reason: 'test', ...input }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: '3 s',
  });

/** Whoever starts workers, and ends one that is dead. */
interface Workers {
  startWorker(options: WorkerOptions): Promise<LabWorker>;
  readonly faults: { killWorker(worker: LabWorker): Promise<void> };
}

/** Starts a worker again and again until the run has ended; each dies at the next point that none before it died at. */
export async function workersThatDieEverywhere(lab: Workers, run: WorkflowHandle, file: string): Promise<string[]> {
  const options: WorkerOptions = { faultAt: '*', env: { RUNBOOK_FAULT_ONCE: file } };
  for (;;) {
    const worker = await lab.startWorker(options);
    const ended = await eventually(
      'the worker dies at a point, or the run ends',
      async () => (!isAlive(worker) ? 'died' : (await run.describe()).status.name !== 'RUNNING' && 'ended'),
      60_000,
    );
    if (ended === 'ended') return pointsMet(file);
    await lab.faults.killWorker(worker); // forgets it
  }
}

/** A person who agrees to everything, until `done`: what was asked is kept. */
export async function approvingAll<Result>(
  { progress, approve }: Pick<Incident, 'progress' | 'approve'>,
  done: Promise<Result>,
): Promise<{ result: Result; asked: string[] }> {
  const asked: string[] = [];
  const state = { over: false };
  const ended = done.finally(() => (state.over = true));
  const answering = (async () => {
    while (!state.over) {
      const { question } = await progress((seen) => state.over || seen.question !== null);
      if (!question) continue;
      asked.push([question.text, ...question.because].join('\n'));
      await approve().catch(() => undefined); // another plan took its place meanwhile: asked again
    }
  })().catch(() => undefined);
  const result = await ended;
  await answering;
  return { result, asked };
}
