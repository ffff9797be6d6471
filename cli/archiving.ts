import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import { type ArchiveDetails } from '../activities/archive/archive';
import { archiverDetails } from '../activities/archive/details';
import { archiveId, TASK_QUEUE } from '../workflows/messages';
import { type Door, runLink } from './temporal';

export interface StartedArchive {
  readonly cluster: string;
  readonly workflowId: string;
  readonly webUi: string | null;
}

export async function startArchive(door: Door, cluster: string, by: string): Promise<StartedArchive> {
  const workflowId = archiveId(cluster);
  const handle = await door.client.workflow.start('archiveBinlogs', {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [{ cluster }],
    memo: { requestedBy: by },
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: `archive of ${cluster}`,
  });
  const { runId } = await handle.describe();
  return { cluster, workflowId, webUi: runLink(door, workflowId, runId) };
}

const STOP_WITHIN_MS = 20_000;

/** `asked`: no worker has confirmed it in time. */
export async function stopArchive(door: Door, cluster: string): Promise<'stopped' | 'asked' | 'was not archived'> {
  if (!(await isRunning(door, cluster))) return 'was not archived';
  const handle = door.client.workflow.getHandle(archiveId(cluster));
  await handle.cancel();
  const ended = handle.result().then(
    () => 'stopped' as const,
    () => 'stopped' as const,
  );
  return Promise.race([ended, pause(STOP_WITHIN_MS, 'asked' as const, { ref: false })]);
}

export interface ArchiveStatus {
  readonly cluster: string;
  readonly archived: boolean;
  /** null while no worker does it. */
  readonly details: ArchiveDetails | null;
}

export async function archiveStatus(door: Door, cluster: string): Promise<ArchiveStatus> {
  const details = await archiverDetails(door.client, cluster);
  return { cluster, archived: details !== null || (await isRunning(door, cluster)), details };
}

async function isRunning(door: Door, cluster: string): Promise<boolean> {
  try {
    return (await door.client.workflow.getHandle(archiveId(cluster)).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export function archiveWords({ cluster, archived, details }: ArchiveStatus): string {
  if (!archived) return `${cluster} is not archived. Start it: runbook archive start ${cluster}`;
  if (details === null) return `${cluster} is to be archived, and no worker does it yet. Start one: runbook worker`;
  const { archiver, state, newestAt, currentAt, filesWaiting, missing, troubles } = details;
  return [
    `${cluster} is archived by ${archiver}: ${state}`,
    `  newest transaction archived: ${newestAt ?? 'none yet'}`,
    `  complete at: ${currentAt ?? 'not known yet'}`,
    `  files that wait for the store: ${filesWaiting}`,
    `  transactions in gaps: ${missing}`,
    ...troubles.map((sentence) => `  trouble: ${sentence}`),
  ].join('\n');
}
