import { type KnownBackup } from '../../workflows/decisions/backups/manifest';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type ArchivedFile, gtidsOf } from '../../workflows/decisions/archive/coverage';
import { type RestoreFacts, type RestorePoint, type RestoreWish } from '../../workflows/decisions/archive/restore';
import { readable } from '../../workflows/decisions/facts';
import { parseGtidSet, print, union } from '../../workflows/decisions/gtid-set';
import { primaryOf } from '../../workflows/decisions/topology';
import { findBackup, readCatalogue } from '../backups/catalogue';
import { placesOf } from '../backups/places';
import { restoreIntoScratch } from '../backups/restore/scratch';
import { type Scratch } from '../backups/scratch/scratch';
import { type Deps } from '../deps';
import { RunbookError } from '../errors';
import { findCluster } from '../inventory/inventory';
import { lookAtCluster } from '../observe/cluster';
import { tellProgress } from '../progress';
import { type Applied, applyArchived } from './apply';
import { findKept, keepScratch, keptFolder, type KeptServer } from './kept-server';
import { openShelf } from './shelf';
import { readTableName, type Replaced, tablesIntoCluster, tablesToFiles } from './tables';
import { resolvePoint } from './target';

export interface SurveyRestore {
  readonly cluster: string;
  readonly wish: RestoreWish;
}

/** What the wish comes to, and all that is needed to judge it. Reads only; the cluster need not be there. */
export async function surveyRestore(
  deps: Deps,
  { cluster: name, wish }: SurveyRestore,
): Promise<RestoreFacts & { readonly cluster: Cluster }> {
  const cluster = findCluster(await deps.inventory(), name);
  const { store } = await placesOf(deps, cluster);
  const shelf = await openShelf(deps, cluster);
  const [{ backups }, coverage, snapshot] = await Promise.all([
    readCatalogue(store, name),
    shelf.coverage(),
    lookAtCluster(deps.servers, cluster, { full: false, deadlineMs: 5_000 }),
  ]);
  for (const table of wish.tables) readTableName(table);
  const before = union(parseGtidSet(coverage.beginning?.before ?? ''), oldestBase(backups));
  const point = await resolvePoint(shelf, coverage.files, before, wish);
  const members = readable(snapshot.members);
  return {
    cluster,
    point: within(point, coverage.files),
    backups,
    archived: print(gtidsOf(coverage.files)),
    known:
      members.length === 0
        ? null
        : print(members.reduce((sum, { gtid }) => union(sum, parseGtidSet(gtid.executed)), parseGtidSet(''))),
    primary: primaryOf(snapshot, cluster).primary,
  };
}

/** What lies before the archive is in the oldest backup at the latest. */
const oldestBase = (backups: readonly KnownBackup[]) => parseGtidSet(backups[0]?.manifest.gtidExecuted ?? '');

const within = (point: RestorePoint, files: readonly ArchivedFile[]): RestorePoint => {
  if (files.length > 0) return point;
  return { ...point, because: `${point.because} (nothing is archived)` };
};

export interface RestoreOrder {
  readonly cluster: Cluster;
  readonly run: string;
  readonly base: string;
  readonly target: string;
  readonly without: string;
  readonly tables: readonly string[];
  readonly into: RestoreWish['into'];
  readonly primary: string | null;
}

export interface Restored {
  readonly applied: Applied | null;
  readonly server: KeptServer | null;
  readonly files: readonly string[];
  readonly replaced: readonly Replaced[];
}

/**
 * From the backup to the target in a scratch server; then that server stays, or tables of it go into files or into the cluster. A second attempt
 * begins anew (what the first left is ended and deleted), unless the server was ready, or tables were renamed already.
 * Throws ARCHIVE_GAP, BACKUP_DAMAGED, BACKUP_UNKNOWN, APPLIER_STOPPED, TOOL_MISSING, TOOL_FAILED, those of the store and the servers.
 */
export async function restoreTo(deps: Deps, order: RestoreOrder): Promise<Restored> {
  const { cluster, run } = order;
  const { policy, store } = await placesOf(deps, cluster);
  const place = policy.scratch ?? noPlace(cluster.name);
  const folder = keptFolder(place, run);
  const ready = await findKept(folder);
  if (ready) return { applied: null, server: ready, files: [], replaced: [] };

  const { manifest } = await findBackup(store, cluster.name, order.base);
  const began = performance.now();
  const progress = (stage: string, unit: 'bytes' | 'transactions') => (done: number, total: number) => {
    const rate = done / Math.max(0.001, (performance.now() - began) / 1000);
    tellProgress(deps, { stage, done, total, unit, rate, etaSeconds: rate > 0 ? (total - done) / rate : null });
  };
  deps.checkpoint('restore:begin');
  const scratch = await restoreIntoScratch(deps, {
    ...{ cluster, place, manifest, name: `restore-${run}`, progress: progress('load', 'bytes') },
  });
  try {
    deps.checkpoint('restore:base');
    const applied = await applyArchived(
      scratch.mysql,
      await openShelf(deps, cluster),
      { target: parseGtidSet(order.target), without: parseGtidSet(order.without) },
      { checkpoint: deps.checkpoint, progress: progress('apply', 'transactions') },
    );
    deps.checkpoint('restore:target');
    return { applied, ...(await handOver(deps, order, scratch, () => keepScratch(scratch, place, folder))) };
  } finally {
    await scratch.destroy();
  }
}

async function handOver(
  deps: Deps,
  { cluster, run, into, tables, primary }: RestoreOrder,
  scratch: Scratch,
  stay: () => Promise<KeptServer>,
): Promise<Omit<Restored, 'applied'>> {
  const nothing = { server: null, files: [], replaced: [] };
  const names = tables.map(readTableName);
  if (into === 'instance') return { ...nothing, server: await stay() };
  if (into === 'file') return { ...nothing, files: await tablesToFiles(deps, cluster.name, scratch, names, run) };
  return { ...nothing, replaced: await tablesIntoCluster(deps, cluster, primary ?? '', scratch, names, run) };
}

function noPlace(cluster: string): never {
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `${cluster} has no backups.scratch in the inventory, so there is no place to restore to`,
    hint: 'Add scratch: { mysqld: /usr/sbin/mysqld, folder: /scratch } to its backups.',
  });
}
