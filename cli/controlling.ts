import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../activities/errors';
import { type RunbookReport } from '../workflows/decisions/report';
import { changeId, type Word } from '../workflows/messages';
import { invalidInput } from './exit';
import { progressOf, reportOf } from './follow';
import { findRun, ofCluster, type RunSummary } from './runs';
import { type Door } from './temporal';
import { tell } from './voting';

/** Throws INVALID_INPUT where it is not clear what is meant, or where nothing can be paused or called off. */
export async function runToControl(door: Door, written: string): Promise<RunSummary> {
  const { now, scheduled } = await ofCluster(door, written);
  const runs = [...now, scheduled].filter((run) => run !== undefined).filter(isRunning);
  const change = runs.find(({ workflowId }) => workflowId === changeId(written));
  const apart: string[] = [];
  for (const run of runs) if (!change || !(await hasBegun(door, run, change))) apart.push(run.workflowId);
  if (apart.length > 1)
    throw invalidInput(
      `${written} has ${apart.length} runs that go on or wait: ${apart.join(', ')}`,
      'Name one of them.',
    );
  const run = await findRun(door, written);
  if (run.runbook === 'archiveBinlogs')
    throw invalidInput('an archive is not a run', 'Use `runbook archive stop CLUSTER`.');
  if (run.runbook === 'watchCluster') throw invalidInput('a watch is not a run', 'Use `runbook watch stop CLUSTER`.');
  if (run.status !== 'RUNNING')
    throw invalidInput(
      `${run.workflowId} has ended (${run.outcome || run.status.toLowerCase()})`,
      `See \`runbook report ${run.runId}\`.`,
    );
  return run;
}

const isRunning = ({ status }: RunSummary): boolean => status === 'RUNNING';

/** Its time has come, or it is a drill: the change that goes on is its own. */
async function hasBegun({ client }: Door, run: RunSummary, change: RunSummary): Promise<boolean> {
  const { parentExecution } = await client.workflow.getHandle(change.workflowId, change.runId).describe();
  return parentExecution?.runId === run.runId;
}

/** Pause or resume; returns the run's own sentence. Throws CHANGE_IN_PROGRESS with the run's words when it refuses, HOST_UNREACHABLE. */
export async function controlRun(
  door: Door,
  run: RunSummary,
  control: 'pause' | 'resume',
  word: Word,
): Promise<string> {
  if (!(await answers(door, run)))
    throw new RunbookError({
      code: 'HOST_UNREACHABLE',
      message: `no worker answers for ${run.workflowId}, so nobody hears it`,
      hint: 'Start one with `runbook worker`, then say it again.',
    });
  return tell(door, run, control, word);
}

/** Have an upgrade go back; its own sentence says what that costs. Throws INVALID_INPUT where none goes on, CHANGE_IN_PROGRESS with its words when it refuses. */
export async function goBack(
  door: Door,
  written: string,
  word: Word,
): Promise<{ readonly workflowId: string; readonly runId: string; readonly sentence: string }> {
  const { now } = await ofCluster(door, written);
  const run = now.find((one) => one?.runbook === 'upgradeCluster') ?? (await findRun(door, written));
  if (run.runbook !== 'upgradeCluster' || run.status !== 'RUNNING')
    throw invalidInput(
      `no upgrade of ${written} goes on`,
      'To move the primary, start plannedSwitchover; a release is left by a backup of it.',
    );
  const { workflowId, runId } = run;
  return { workflowId, runId, sentence: await tell(door, run, 'goBack', word) };
}

export interface CallingOff {
  /** It has ended, and nothing that it did stands. */
  readonly calledOff: boolean;
  readonly sentence: string;
}

/** A run that has something to undo, or must go on to its end, may take longer; nobody waits for that here. */
const ENDS_WITHIN_MS = 10_000;

/** Call a run off and see how it ends. Throws CHANGE_IN_PROGRESS with the run's words when it is past its point of no return. */
export async function cancelRun(door: Door, run: RunSummary, word: Word): Promise<CallingOff> {
  const { workflowId } = run;
  const see = `See it with: runbook status ${workflowId}`;
  if (await answers(door, run)) {
    const sentence = await tell(door, run, 'cancel', word);
    return (await endOf(door, run)) ?? { calledOff: false, sentence: `${sentence}; it has not ended yet. ${see}` };
  }
  await leaveWord(door, run, word);
  return (
    (await endOf(door, run)) ?? {
      calledOff: false,
      sentence: `${workflowId} was asked to end and goes on: no worker has heard it, or it has begun to change something and carries that to its end. ${see}`,
    }
  );
}

const answers = async (door: Door, { workflowId, runId }: RunSummary): Promise<boolean> =>
  (await progressOf(door, door.client.workflow.getHandle(workflowId, runId))) !== null;

/** Temporal's own cancellation, which stands in the history until a worker comes, and reaches what a run under another id has begun. */
const leaveWord = ({ client, namespace }: Door, { workflowId, runId }: RunSummary, { by, reason = '' }: Word) =>
  client.workflowService.requestCancelWorkflowExecution({
    namespace,
    workflowExecution: { workflowId, runId },
    identity: by,
    reason,
  });

/** null while it goes on. */
async function endOf(door: Door, run: RunSummary): Promise<CallingOff | null> {
  const handle = door.client.workflow.getHandle(run.workflowId, run.runId);
  for (const until = performance.now() + ENDS_WITHIN_MS; performance.now() < until;) {
    const { status } = await handle.describe();
    if (status.name === 'CANCELLED') return { calledOff: true, sentence: `${run.workflowId} was called off.` };
    if (status.name !== 'RUNNING') return judge(await reportOf(door, run));
    await pause(100);
  }
  return null;
}

const judge = ({ outcome, headline }: RunbookReport): CallingOff =>
  outcome === 'rejected'
    ? { calledOff: true, sentence: `${headline}.` }
    : { calledOff: false, sentence: `It has ended otherwise: ${outcome}. ${headline}.` };
