import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import { type LastSeen } from '../workflows/decisions/evidence';
import { observerDetails } from '../activities/observe/last-seen';
import { TASK_QUEUE, watchId } from '../workflows/messages';
import { runLink, type Door } from './temporal';

export interface StartedWatch {
  readonly cluster: string;
  readonly workflowId: string;
  readonly attached: boolean;
  readonly startedAt: string;
  readonly webUi: string | null;
}

export async function startWatch(
  door: Door,
  cluster: string,
  probeMs: number | undefined,
  by: string,
): Promise<StartedWatch> {
  const workflowId = watchId(cluster);
  const ticket = randomUUID();
  const handle = await door.client.workflow.start('watchCluster', {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [{ cluster, ...(probeMs === undefined ? {} : { probeMs }) }],
    memo: { ticket, requestedBy: by },
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `watch of ${cluster}`,
  });
  const running = await handle.describe();
  return {
    cluster,
    workflowId,
    attached: running.memo?.['ticket'] !== ticket,
    startedAt: running.startTime.toISOString(),
    webUi: runLink(door, workflowId, running.runId),
  };
}

const STOP_WITHIN_MS = 10_000;

/** `asked`: no worker has confirmed it in time, so a probe or even a failover may still begin. */
export async function stopWatch(door: Door, cluster: string): Promise<'stopped' | 'asked' | 'was not watched'> {
  if (!(await isRunning(door, cluster))) return 'was not watched';
  const handle = door.client.workflow.getHandle(watchId(cluster));
  await handle.cancel();
  // Wait until it is true: whoever stops a watch goes on to touch the primary.
  const ended = handle.result().then(
    () => 'stopped' as const,
    () => 'stopped' as const,
  );
  return Promise.race([ended, pause(STOP_WITHIN_MS, 'asked' as const, { ref: false })]);
}

export interface WatchStatus {
  readonly cluster: string;
  readonly watched: boolean;
  /** The worker that observes; null while none does. */
  readonly observer: string | null;
  readonly state: string | null;
  readonly lastSeen: LastSeen | null;
}

export async function watchStatus(door: Door, cluster: string): Promise<WatchStatus> {
  const details = await observerDetails(door.client, cluster);
  return {
    cluster,
    watched: details !== null || (await isRunning(door, cluster)),
    observer: details?.observer ?? null,
    state: details?.state ?? null,
    lastSeen: details?.lastSeen ?? null,
  };
}

async function isRunning(door: Door, cluster: string): Promise<boolean> {
  try {
    return (await door.client.workflow.getHandle(watchId(cluster)).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export function watchWords({ cluster, watched, observer, state, lastSeen }: WatchStatus): string {
  if (!watched) return `${cluster} is not watched. Start it: runbook watch start ${cluster}`;
  if (observer === null) return `${cluster} is to be watched, and no worker does it yet. Start one: runbook worker`;
  return [
    `${cluster} is watched by ${observer}${state === null ? '' : `: ${state}`}`,
    ...(lastSeen
      ? [
          `  primary ${lastSeen.primary}, last seen ${lastSeen.at}${lastSeen.committedAt === null ? '' : `, last commit ${lastSeen.committedAt}`}`,
          `  executed there ${lastSeen.gtidExecuted}`,
        ]
      : ['  no primary seen yet']),
  ].join('\n');
}
