import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { type LastSeen } from '../../workflows/decisions/evidence';
import { watchId } from '../../workflows/messages';

/** What the watcher's observer reports with each heartbeat of its activity. */
export interface ObserverDetails {
  readonly lastSeen: LastSeen | null;
  readonly state: string;
  readonly observer: string;
}

/**
 * The observer's last heartbeat, kept by the workflow server: it outlives the primary and the observer, and costs no history.
 * null when no watcher runs or it has not spoken yet.
 */
export async function observerDetails(client: Client, cluster: string): Promise<ObserverDetails | null> {
  try {
    const description = await client.workflow.getHandle(watchId(cluster)).describe();
    if (description.status.name !== 'RUNNING') return null;
    const payloads = description.raw.pendingActivities?.find(
      (activity) => activity.activityType?.name === 'observePrimary',
    )?.heartbeatDetails?.payloads;
    if (!payloads?.length) return null;
    return await decodeFromPayloadsAtIndex<ObserverDetails>(client.options.loadedDataConverter, 0, payloads);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

export const lastSeenByWatcher = async (client: Client, cluster: string): Promise<LastSeen | null> =>
  (await observerDetails(client, cluster))?.lastSeen ?? null;

/** The memory in an observer's last heartbeat, null when there is none. */
export function rememberedBy(heartbeat: unknown): LastSeen | null {
  const details = heartbeat as Partial<ObserverDetails> | null | undefined;
  return details?.lastSeen ?? null;
}
