import { type Client } from '@temporalio/client';
import { Gauge, type Registry } from 'prom-client';
import { type ArchiveDetails } from '../../activities/archive/archive';
import { archiverDetails } from '../../activities/archive/details';
import { type Inventory } from '../../activities/inventory/inventory';

const ASK_WITHIN_MS = 2_000;

/** How the archives of the fleet stand. The result asks anew, before each scrape: a cluster of which nothing can be learned has `up` 0 and no other value. */
export function archiveMetrics(
  registry: Registry,
  inventory: () => Promise<Inventory>,
  client: Client,
): () => Promise<void> {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `runbook_archive_${name}`, help, labelNames: ['cluster'], registers: [registry] });
  const gauges = {
    up: gauge('up', '1: a worker archives the binary logs of this cluster.'),
    newest: gauge('newest_transaction_age_seconds', 'Since the commit of the newest archived transaction.'),
    current: gauge('current_age_seconds', 'Since all that the source had was safe: what a disaster now would cost.'),
    missing: gauge('missing_transactions', 'Transactions in gaps of the archive.'),
    waiting: gauge('files_waiting', 'Finished files that the store does not have yet.'),
  };
  const age = (iso: string) => Math.max(0, (Date.now() - Date.parse(iso)) / 1000);
  const set = (cluster: string, details: ArchiveDetails | null) => {
    gauges.up.set({ cluster }, details ? 1 : 0);
    if (!details) return;
    if (details.newestAt !== null) gauges.newest.set({ cluster }, age(details.newestAt));
    if (details.currentAt !== null) gauges.current.set({ cluster }, age(details.currentAt));
    gauges.missing.set({ cluster }, details.missing);
    gauges.waiting.set({ cluster }, details.filesWaiting);
  };
  return async () => {
    const clusters = (await inventory()).clusters.filter(({ backups }) => backups?.archive !== undefined);
    const asked = clusters.map(async ({ name }) => {
      const looking = client.withDeadline(Date.now() + ASK_WITHIN_MS, () => archiverDetails(client, name));
      return { name, details: await looking.catch(() => null) };
    });
    const found = await Promise.all(asked);
    for (const one of Object.values(gauges)) one.reset();
    for (const { name, details } of found) set(name, details);
  };
}
