import { randomUUID } from 'node:crypto';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { RunbookError } from '../activities/errors';
import { EMERGENCY_TASK_QUEUE, scheduledId } from '../workflows/messages';
import { type Context } from './context';
import { asSent, FLEET, type RunbookEntry, type RunInput } from './runbooks';
import { runLink, startLink, type Door } from './temporal';

/** A run as it was started, or as it was found running. */
export interface StartedRun {
  readonly runbook: string;
  readonly cluster: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
  /** Somebody else's run was going on; this command only watches it. */
  readonly attached: boolean;
  readonly startedAt: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly webUi: string | null;
  readonly startForm: string | null;
  /** Is anybody there to do it? */
  readonly workers: number;
}

/**
 * Start under the cluster's lock: the workflow id. When one runs already, that one is returned as `attached`.
 * Throws CHANGE_IN_PROGRESS when it is another runbook, or one that waits for another time.
 */
export async function startRun(door: Door, runbook: RunbookEntry, input: RunInput): Promise<StartedRun> {
  const workflowId = runbook.workflowId(input);
  // Temporal does not tell whether it started or attached; our own ticket in the memo does.
  const ticket = randomUUID();
  const handle = await door.client.workflow.start(runbook.name, {
    workflowId,
    taskQueue: runbook.taskQueue,
    args: [asSent(input)],
    memo: { ticket, requestedBy: input['requestedBy'] },
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `${runbook.name} of ${nameOf(input)}`,
    // A worker that dies inside a workflow task is noticed by this alone.
    ...(runbook.taskQueue === EMERGENCY_TASK_QUEUE ? { workflowTaskTimeout: '3s' } : {}),
  });
  const [running, workers] = await Promise.all([handle.describe(), workersOf(door, runbook.taskQueue)]);
  const attached = running.memo?.['ticket'] !== ticket;
  if (attached && workflowId === scheduledId(input.cluster)) throw waitsAlready(input.cluster, running);
  if (running.type !== runbook.name) throw changeInProgress(input.cluster, running);
  return {
    runbook: runbook.name,
    cluster: nameOf(input),
    workflowId,
    runId: running.runId,
    taskQueue: runbook.taskQueue,
    attached,
    startedAt: running.startTime.toISOString(),
    input: asSent(input),
    webUi: runLink(door, workflowId, running.runId),
    startForm: startLink(door, { type: runbook.name, taskQueue: runbook.taskQueue, workflowId }),
    workers,
  };
}

const nameOf = ({ cluster }: RunInput): string => (cluster === FLEET ? 'the fleet' : cluster);

const changeInProgress = (cluster: string, running: { type: string; workflowId: string; startTime: Date }) =>
  new RunbookError({
    code: 'CHANGE_IN_PROGRESS',
    message: `${running.type} has been changing ${cluster} since ${running.startTime.toISOString()}, and a cluster is changed by one run at a time`,
    hint: `See it with \`runbook status ${running.workflowId}\`, and start again when it has ended.`,
  });

/** Joining it would look like an agreement to a time that is not the one that was typed. */
const waitsAlready = (cluster: string, running: { type: string; workflowId: string; startTime: Date }) =>
  new RunbookError({
    code: 'CHANGE_IN_PROGRESS',
    message: `a ${running.type} of ${cluster} waits for its time already, since ${running.startTime.toISOString()}`,
    hint: `See it with \`runbook status ${running.workflowId}\`; \`runbook cancel ${running.workflowId}\` calls it off.`,
  });

/** Workers that asked this task queue for work in the last minutes. */
async function workersOf({ client, namespace }: Door, taskQueue: string): Promise<number> {
  const { pollers } = await client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue } });
  return pollers.length;
}

/** What was started, where to see it, and how to start it from the Web UI. */
export function announce(context: Context, door: Door, run: StartedRun): void {
  if (run.attached) {
    context.note(
      `Not started: ${run.runbook} of ${run.cluster} has been running since ${run.startedAt}. This is that run.`,
    );
  } else {
    context.say(`Started ${run.runbook} of ${run.cluster}.`);
  }
  context.say(`  workflow  ${run.workflowId}`);
  context.say(`  run       ${run.runId}`);
  if (run.webUi !== null) context.say(`  Web UI    ${run.webUi}`);
  if (run.startForm !== null) {
    context.say(`  to start it there: ${run.startForm}`);
    context.say(`  with the input     ${JSON.stringify(asTyped(run.input))}`);
  }
  if (run.workers === 0) context.note(noWorkerWords(run.taskQueue, door.address));
}

/** What a person types there: who asks and why is filled in by this command. */
const asTyped = (input: StartedRun['input']): object =>
  Object.fromEntries(Object.entries(input).filter(([key]) => key !== 'requestedBy' && key !== 'reason'));

export const noWorkerWords = (taskQueue: string, address: string): string =>
  `No worker asks ${taskQueue} at ${address} for work, so the run waits. Start one: runbook worker`;
