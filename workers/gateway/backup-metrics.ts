import { Gauge, type Registry } from 'prom-client';
import { readCatalogue } from '../../activities/backups/catalogue';
import { placesOf } from '../../activities/backups/places';
import { type Inventory } from '../../activities/inventory/inventory';
import { type Cluster, type SecretReference } from '../../workflows/decisions/cluster';
import { backupHealth } from '../../workflows/decisions/backups/health';
import { type KnownBackup } from '../../workflows/decisions/backups/manifest';

/** A store is listed no more often: that costs money in a bucket. */
const ASK_EVERY_MS = 60_000;
const ASK_WITHIN_MS = 5_000;

/** How the backups of the fleet stand, as the stores say. A store that cannot be asked in time has `up` 0 and no other value. The result is called before each scrape. */
export function backupMetrics(
  registry: Registry,
  inventory: () => Promise<Inventory>,
  secret: (reference: SecretReference) => Promise<string>,
  now: () => number,
): () => Promise<void> {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `runbook_backup_${name}`, help, labelNames: ['cluster'], registers: [registry] });
  const gauges = {
    up: gauge('up', '1: the store of this cluster answers.'),
    newest: gauge('newest_age_seconds', 'Since the newest backup was begun. +Inf: there is none.'),
    proven: gauge(
      'verified_age_seconds',
      'Since the newest backup that a restore has proven was begun. +Inf: there is none.',
    ),
    restore: gauge('restore_seconds', 'From nothing to a server with all of its rows, as that restore took.'),
    failed: gauge('verification_failed', '1: the last verification found that a backup is none.'),
  };
  const looks = new Map<string, { readonly atMs: number; readonly backups: readonly KnownBackup[] | null }>();
  const look = async (cluster: Cluster): Promise<readonly KnownBackup[] | null> => {
    const before = looks.get(cluster.name);
    if (before && now() - before.atMs < ASK_EVERY_MS) return before.backups;
    const asking = placesOf({ secret }, cluster).then(({ store }) => readCatalogue(store, cluster.name));
    const backups = await within(ASK_WITHIN_MS, asking).then(
      (catalogue) => catalogue?.backups ?? null,
      () => null,
    );
    looks.set(cluster.name, { atMs: now(), backups });
    return backups;
  };
  return async () => {
    const clusters = (await inventory()).clusters.filter(({ backups }) => backups !== undefined);
    const found = await Promise.all(
      clusters.map(async (cluster) => ({ cluster: cluster.name, backups: await look(cluster) })),
    );
    for (const one of Object.values(gauges)) one.reset();
    for (const { cluster, backups } of found) {
      gauges.up.set({ cluster }, backups ? 1 : 0);
      if (!backups) continue;
      const health = backupHealth(backups, now());
      gauges.newest.set({ cluster }, health.newestAgeSeconds);
      gauges.proven.set({ cluster }, health.provenAgeSeconds);
      gauges.failed.set({ cluster }, health.lastFailed ? 1 : 0);
      if (health.restoreSeconds !== null) gauges.restore.set({ cluster }, health.restoreSeconds);
    }
  };
}

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ms)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
