import { type Client } from '@temporalio/client';
import { observerDetails } from '../activities/observe/last-seen';

/** Resolves when the cluster's observer has seen a commit on the primary and who acknowledges it. */
export async function untilWatched(client: Client, cluster: string, withinMs = 30_000): Promise<void> {
  const until = performance.now() + withinMs;
  for (;;) {
    const details = await observerDetails(client, cluster);
    if (details?.lastSeen?.committedAt && details.state.endsWith('is well')) return;
    if (performance.now() > until)
      throw new Error(
        `${cluster} is not watched after ${withinMs / 1000} s: ${details?.state ?? 'no observer speaks'}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
