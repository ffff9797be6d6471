import { setTimeout as pause } from 'node:timers/promises';
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import { RunbookError } from '../activities/errors';
import { type RunbookReport } from '../workflows/decisions/report';
import { changeId, progressQuery, type RunProgress } from '../workflows/messages';

export interface Moment {
  readonly atEpochMs: number;
  readonly line: string;
}

/** What a run did and when each part of it ended, in the order of time. */
export function momentsOf(report: RunbookReport): Moment[] {
  const noticed = /noticed at (\S+): (.*)/.exec(report.evidence[0] ?? '');
  const watcher = noticed
    ? [{ atEpochMs: Date.parse(noticed[1] ?? ''), line: `the watcher: ${noticed[2] ?? ''}` }]
    : [];
  const steps = report.steps.map((step) => ({
    atEpochMs: Date.parse(step.startedAt) + (step.durationMs ?? 0),
    line: `${step.state === 'done' ? '✔' : '✘'} ${step.title} · ${step.detail}`,
  }));
  return [...watcher, ...steps].sort((one, other) => one.atEpochMs - other.atEpochMs);
}

/** A run that has not begun by then will not begin. */
const BEGINS_WITHIN_MS = 60_000;

/** Between two looks whether it waits for an answer: seldom, for a query takes time on the very path that is measured. */
const LOOK_EVERY_MS = 10_000;

/** The report of the run under the cluster's lock, which may yet have to begin. Throws INTERNAL when none does; as reportOf. */
export async function reportOfChange(client: Client, cluster: string): Promise<RunbookReport> {
  for (const until = performance.now() + BEGINS_WITHIN_MS; performance.now() < until;) {
    try {
      return await reportOf(client.workflow.getHandle(changeId(cluster)));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await pause(300);
    }
  }
  throw new RunbookError({
    code: 'INTERNAL',
    message: `no run began under ${changeId(cluster)} within ${BEGINS_WITHIN_MS / 1000} s`,
    hint: `Look at the watcher: runbook watch status ${cluster}, and at the worker's log.`,
  });
}

/**
 * The report of this run. Nobody is there to answer: a run that asks, and still asks the same at the next look, would be waited for
 * without end. Throws INTERNAL with what it asks.
 */
export async function reportOf(run: WorkflowHandle): Promise<RunbookReport> {
  const over = new AbortController();
  try {
    // A call that is still open when its connection is closed would be tried again from a timer, where its failure ends the process.
    return await run.client.withAbortSignal(over.signal, () =>
      Promise.race([run.result() as Promise<RunbookReport>, failWhenAsked(run, over.signal)]),
    );
  } finally {
    over.abort();
  }
}

async function failWhenAsked(run: WorkflowHandle, over: AbortSignal): Promise<never> {
  for (let before: string | null = null; ;) {
    await pause(LOOK_EVERY_MS, undefined, { signal: over });
    const progress = await run.query<RunProgress>(progressQuery.name).catch(() => null); // Temporal may stand still
    const question = progress?.question ?? null;
    if (question !== null && question.id === before)
      throw new RunbookError({
        code: 'INTERNAL',
        message: `${run.workflowId} asks, and nobody is there to answer: ${question.text} ${question.because.join('; ')}`,
        hint: `Answer it: runbook approve, or runbook reject, ${run.workflowId}.`,
      });
    before = question?.id ?? null;
  }
}
