import { setTimeout as pause } from 'node:timers/promises';
import { QueryNotRegisteredError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { RunbookError } from '../activities/errors';
import { type RunbookReport } from '../workflows/decisions/report';
import { type RunProgress } from '../workflows/messages';
import { isErrorCode } from './exit';
import { type Door, runLink } from './temporal';

/** Enough for an eye, and cheap: a query leaves nothing in the run's history. */
const LOOK_EVERY_MS = 300;
const QUERY_DEADLINE_MS = 2_000;

export interface Watching {
  show(progress: RunProgress): void;
  /** Once, when no worker answers. */
  noWorker(): void;
}

/** Show a run until it ends. Returns its report; throws RunbookError with the run's own code and words when it failed. */
export async function follow(
  door: Door,
  run: { workflowId: string; runId: string },
  watching: Watching,
): Promise<RunbookReport> {
  const handle = door.client.workflow.getHandle<() => Promise<RunbookReport>>(run.workflowId, run.runId);
  const ended = resultOf(door, handle);
  let over = false;
  const end = ended.then(
    () => (over = true),
    () => (over = true),
  );
  let warned = false;
  while (!isOver()) {
    const progress = await progressOf(door, handle);
    if (progress) watching.show(progress);
    else if (!isOver() && !warned) {
      warned = true;
      watching.noWorker();
    }
    await Promise.race([end, pause(LOOK_EVERY_MS)]);
  }
  const last = await progressOf(door, handle);
  if (last) watching.show(last);
  return ended;

  // A function, because the compiler cannot see that `over` changes while we wait.
  function isOver(): boolean {
    return over;
  }
}

/** null when no worker answers in time, or the run has not come so far. */
export async function progressOf(door: Door, handle: WorkflowHandle): Promise<RunProgress | null> {
  try {
    return await door.client.withDeadline(Date.now() + QUERY_DEADLINE_MS, () => handle.query<RunProgress>('progress'));
  } catch (error) {
    if (error instanceof QueryNotRegisteredError || isDeadlineOrBusy(error)) return null;
    throw error;
  }
}

const GRPC_SILENCE = [
  4 /* deadline exceeded */, 8 /* resource exhausted */, 9 /* failed precondition: no worker yet */,
  14 /* unavailable */,
];

function isDeadlineOrBusy(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'number' && GRPC_SILENCE.includes(code);
}

async function resultOf(door: Door, handle: WorkflowHandle<() => Promise<RunbookReport>>): Promise<RunbookReport> {
  try {
    return await handle.result();
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw await runFailed(door, handle, error);
    throw error;
  }
}

/** A run that failed before it could write a report: its own code, so that the exit code tells wrong input from trouble. */
async function runFailed(door: Door, handle: WorkflowHandle, error: WorkflowFailedError): Promise<RunbookError> {
  const cause = rootOf(error.cause);
  const code =
    cause instanceof ApplicationFailure && cause.type && isErrorCode(cause.type) ? cause.type : 'TOOL_FAILED';
  const link = runLink(door, handle.workflowId, (await handle.describe()).runId);
  return new RunbookError({
    code,
    message: `the run ${handle.workflowId} failed: ${(cause?.message ?? error.message).replace(/\.$/, '')}`,
    hint: link === null ? 'What it did is in its history, in Temporal.' : `What it did: ${link}`,
    cause: error,
  });
}

const rootOf = (error: Error | undefined): Error | undefined =>
  error?.cause instanceof Error && !(error instanceof ApplicationFailure) ? rootOf(error.cause) : error;

/** The report of a run that has ended; kept in its result, so that no worker is needed. */
export const reportOf = (door: Door, run: { workflowId: string; runId: string }): Promise<RunbookReport> =>
  resultOf(door, door.client.workflow.getHandle<() => Promise<RunbookReport>>(run.workflowId, run.runId));
