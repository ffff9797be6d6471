import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { archiveId } from '../../workflows/messages';
import { type ArchiveDetails } from './archive';

/** The archiver's last heartbeat, kept by the workflow server. null when no archive runs or it has not spoken yet. */
export async function archiverDetails(client: Client, cluster: string): Promise<ArchiveDetails | null> {
  try {
    const description = await client.workflow.getHandle(archiveId(cluster)).describe();
    if (description.status.name !== 'RUNNING') return null;
    const payloads = description.raw.pendingActivities?.find(
      (activity) => activity.activityType?.name === 'archiveBinlogs',
    )?.heartbeatDetails?.payloads;
    if (!payloads?.length) return null;
    return await decodeFromPayloadsAtIndex<ArchiveDetails>(client.options.loadedDataConverter, 0, payloads);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
