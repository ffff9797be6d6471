import { setTimeout as pause } from 'node:timers/promises';
import { type RunbookReport } from '../workflows/decisions/report';
import { invalidInput } from './exit';
import { progressOf, reportOf } from './follow';
import { findRun, ofCluster, type RunSummary } from './runs';
import { type Door } from './temporal';

/** Throws INVALID_INPUT where nothing can be cancelled, where it is not clear what is meant, or where the run asks and is to be answered. */
export async function runToCancel(door: Door, written: string): Promise<RunSummary> {
  const running = (await ofCluster(door, written)).filter((run) => run?.status === 'RUNNING');
  if (running.length > 1)
    throw invalidInput(
      `${written} has a run that goes on and one that waits: ${running.map((run) => run?.workflowId).join(', ')}`,
      'Name one of them.',
    );
  const run = await findRun(door, written);
  if (run.runbook === 'watchCluster') throw invalidInput('a watch is not a run', 'Use `runbook watch stop CLUSTER`.');
  if (run.status !== 'RUNNING')
    throw invalidInput(
      `${run.workflowId} has ended (${run.outcome || run.status.toLowerCase()})`,
      `See \`runbook report ${run.runId}\`.`,
    );
  const progress = await progressOf(door, door.client.workflow.getHandle(run.workflowId, run.runId));
  if (progress?.question)
    throw invalidInput(
      `${run.workflowId} asks: ${progress.question.text}`,
      `Say no with \`runbook reject ${run.workflowId} --reason "…"\`.`,
    );
  return run;
}

/** A run that must go on to its end may take longer; nobody waits for that here. */
const ENDS_WITHIN_MS = 10_000;

export async function cancelRun(
  door: Door,
  run: RunSummary,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<{ readonly calledOff: boolean; readonly sentence: string }> {
  const { workflowId, runId } = run;
  await door.client.workflowService.requestCancelWorkflowExecution({
    namespace: door.namespace,
    workflowExecution: { workflowId, runId },
    identity: by,
    reason,
  });
  const handle = door.client.workflow.getHandle(workflowId, runId);
  for (const until = performance.now() + ENDS_WITHIN_MS; performance.now() < until;) {
    const { status } = await handle.describe();
    if (status.name === 'CANCELLED') return { calledOff: true, sentence: `${workflowId} was called off.` };
    if (status.name !== 'RUNNING') return judge(await reportOf(door, run));
    await pause(100);
  }
  return {
    calledOff: false,
    sentence: `${workflowId} was asked to end and goes on: no worker has heard it, or it has begun to change something and carries that to its end. See it with: runbook status ${workflowId}`,
  };
}

const judge = ({ outcome, headline }: RunbookReport): { calledOff: boolean; sentence: string } =>
  outcome === 'rejected'
    ? { calledOff: true, sentence: `${headline}.` }
    : { calledOff: false, sentence: `Too late, it has ended: ${outcome}. ${headline}` };
