import { setTimeout as pause } from 'node:timers/promises';
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId } from '../../workflows/messages';

/** The run that has, or had, the lock of a cluster; null = none that Temporal remembers. */
export interface LastChange {
  readonly run: string;
  readonly runbook: string;
  readonly running: boolean;
}

export async function lastChange(client: Client, cluster: string): Promise<LastChange | null> {
  const found = await describe(client, cluster);
  return found && { run: found.runId, runbook: found.type, running: found.status.name === 'RUNNING' };
}

async function describe(client: Client, cluster: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(changeId(cluster)).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

const LOOK_EVERY_MS = 200;

/** A failover that is another run than `after`; null when none has begun within the time. Reads only. */
export async function awaitFailover(
  client: Client,
  {
    cluster,
    after,
    withinSeconds,
  }: { readonly cluster: string; readonly after: string | null; readonly withinSeconds: number },
): Promise<{ readonly run: string } | null> {
  for (const until = performance.now() + withinSeconds * 1_000; ;) {
    const found = await describe(client, cluster);
    if (found && found.runId !== after && found.type === 'emergencyFailover') return { run: found.runId };
    if (performance.now() > until) return null;
    await pause(LOOK_EVERY_MS);
  }
}

/** The report of a run, when it has ended; null where it ended without one. */
export async function awaitReport(
  client: Client,
  { cluster, run }: { readonly cluster: string; readonly run: string },
): Promise<RunbookReport | null> {
  const handle = client.workflow.getHandle<() => Promise<RunbookReport>>(changeId(cluster), run);
  while ((await handle.describe()).status.name === 'RUNNING') await pause(LOOK_EVERY_MS);
  return handle.result().catch(() => null);
}
