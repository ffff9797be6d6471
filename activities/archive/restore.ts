import { type Cluster } from '../../workflows/decisions/cluster';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { delayedOf } from '../../workflows/decisions/archive/delayed';
import { type RestoreFacts, type RestoreWish } from '../../workflows/decisions/archive/restore';
import { readable } from '../../workflows/decisions/facts';
import {
  emptyGtidSet,
  type GtidSet,
  intersect,
  isEmpty,
  parseGtidSet,
  print,
  subtract,
  union,
} from '../../workflows/decisions/gtid-set';
import { primaryOf } from '../../workflows/decisions/topology';
import { findBackup, readCatalogue } from '../backups/catalogue';
import { placesOf } from '../backups/places';
import { restoreIntoScratch } from '../backups/restore/scratch';
import { type Scratch, startScratch } from '../backups/scratch/scratch';
import { serverFacts } from '../backups/server-facts';
import { type CancellableDeps, type Deps, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { findCluster } from '../inventory/inventory';
import { lookAtCluster } from '../observe/cluster';
import { tellProgress } from '../progress';
import { executedOn } from '../replication/meet';
import { type Applied, applyArchived } from './apply';
import { tablesFromReplica } from './delayed';
import { findKept, keepScratch, keptFolder, type KeptServer, removeHalfKept } from './kept-server';
import { rowsIntoCluster } from './rows';
import { openShelf } from './shelf';
import { tableNamed } from './table-programs';
import { type Replaced, tablesIntoCluster, tablesToFiles } from './tables';
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
  if (!cluster.backups?.scratch) noPlace(name);
  const { store } = await placesOf(deps, cluster);
  const shelf = await openShelf(deps, cluster);
  const [{ backups }, { beginning, files }, snapshot] = await Promise.all([
    readCatalogue(store, name),
    shelf.coverage(),
    lookAtCluster(deps.servers, cluster, { full: false, deadlineMs: 5_000 }),
  ]);
  const before = beginning?.before ?? '';
  const seen = { cluster: name, files, before: parseGtidSet(before), begunAt: beginning?.at ?? null };
  const point = await resolvePoint(shelf, seen, wish);
  const members = readable(snapshot.members);
  const known = members.reduce((sum, { gtid }) => union(sum, parseGtidSet(gtid.executed)), emptyGtidSet);
  return {
    ...{ cluster, point, backups, before },
    archived: print(gtidsOf(files)),
    known: members.length === 0 ? null : print(known),
    delayed: delayedOf(members),
    primary: primaryOf(snapshot, cluster).primary,
  };
}

export interface RestoreOrder {
  readonly cluster: Cluster;
  readonly run: string;
  /** The backup that it begins with, or the replica that stands right before the target. */
  readonly from: { readonly backup: string } | { readonly replica: string };
  readonly target: string;
  readonly without: string;
  readonly tables: readonly string[];
  readonly where: string | null;
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
 * From the backup to the target in a scratch server, or tables of a replica that stands there; then that server stays, or tables of it go into files
 * or into the cluster. A second attempt begins anew (what the first left is ended and deleted), unless the server was ready, or tables were renamed
 * already. Called off, it ends before the next thing it would do to the cluster.
 * Throws ARCHIVE_GAP, BACKUP_DAMAGED, BACKUP_UNKNOWN, APPLIER_STOPPED, TOOL_MISSING, TOOL_FAILED, those of the store and the servers.
 */
export async function restoreTo(deps: CancellableDeps, order: RestoreOrder): Promise<Restored> {
  const { cluster, run, from } = order;
  const { policy, store } = await placesOf(deps, cluster);
  const place = policy.scratch ?? noPlace(cluster.name);
  const folder = keptFolder(place, run);
  const ready = await findKept(folder);
  if (ready) return { applied: null, server: ready, files: [], replaced: [] };
  await removeHalfKept(folder);

  const until = stoppableUntil(deps.cancelled);
  const { stopped } = until;
  const told: Deps = {
    ...deps,
    checkpoint(name) {
      deps.checkpoint(name);
      stopped.throwIfAborted();
    },
  };
  told.checkpoint('restore:begin');
  const name = `restore-${run}`;
  const progress = progressOf(told);
  let scratch: Scratch | null = null;
  try {
    scratch =
      'backup' in from
        ? await restoreIntoScratch(told, {
            ...{ cluster, place, name, stopped, progress: progress('load', 'bytes') },
            manifest: (await findBackup(store, cluster.name, from.backup)).manifest,
          })
        : await startScratch(place, { name, stopped, settings: await settingsOf(told, cluster, from.replica) });
    const applied =
      'backup' in from
        ? await applyUpTo(told, order, scratch, progress('apply', 'transactions'))
        : await fromReplica(told, order, from.replica, scratch);
    told.checkpoint('restore:target');
    // What has begun to go where it is wanted goes on to its end.
    until.end();
    const restored = scratch;
    return { applied, ...(await handOver(told, order, restored, () => keepScratch(told, restored, place, folder))) };
  } catch (error) {
    // Its scratch server was ended: whatever somebody says of that is no finding.
    stopped.throwIfAborted();
    throw error;
  } finally {
    until.end();
    await scratch?.destroy();
  }
}

/** Follows `signal` until its end. */
function stoppableUntil(signal: AbortSignal): { readonly stopped: AbortSignal; readonly end: () => void } {
  const own = new AbortController();
  const pass = () => own.abort(signal.reason);
  if (signal.aborted) pass();
  signal.addEventListener('abort', pass);
  return { stopped: own.signal, end: () => signal.removeEventListener('abort', pass) };
}

type Progress = (done: number, total: number) => void;

function progressOf(deps: Deps): (stage: string, unit: 'bytes' | 'transactions') => Progress {
  const began = performance.now();
  return (stage, unit) => (done, total) => {
    const rate = done / Math.max(0.001, (performance.now() - began) / 1000);
    tellProgress(deps, { stage, done, total, unit, rate, etaSeconds: rate > 0 ? (total - done) / rate : null });
  };
}

async function applyUpTo(
  deps: Deps,
  { cluster, target, without }: RestoreOrder,
  scratch: Scratch,
  progress: Progress,
): Promise<Applied> {
  deps.checkpoint('restore:base');
  const goal = { target: parseGtidSet(target), without: parseGtidSet(without) };
  refusePassed(parseGtidSet(await executedOn(scratch.mysql)), goal);
  return applyArchived(scratch.mysql, await openShelf(deps, cluster), goal, { checkpoint: deps.checkpoint, progress });
}

/** Files of a server that clients wrote to may hold more than was known when they were chosen. */
function refusePassed(held: GtidSet, { target, without }: Record<'target' | 'without', GtidSet>): void {
  const passed = union(subtract(held, target), intersect(held, without));
  if (isEmpty(passed)) return;
  throw new RunbookError({
    code: 'TARGET_PASSED',
    message: `the backup holds ${print(passed).replaceAll('\n', '')}, which must not be in what is restored`,
    hint: 'Name an older backup: {"backup": "…"} as `runbook backups` shows them.',
  });
}

const settingsOf = async (deps: Deps, cluster: Cluster, replica: string): Promise<Readonly<Record<string, string>>> =>
  (await serverFacts(serverNamed(deps, cluster, replica))).settings;

async function fromReplica(
  deps: Deps,
  { cluster, target, tables }: RestoreOrder,
  replica: string,
  scratch: Scratch,
): Promise<null> {
  await tablesFromReplica(deps, { cluster, replica, target }, scratch, tables.map(tableNamed));
  return null;
}

async function handOver(
  deps: Deps,
  { cluster, run, into, tables, where, primary }: RestoreOrder,
  scratch: Scratch,
  stay: () => Promise<KeptServer>,
): Promise<Omit<Restored, 'applied'>> {
  const nothing = { server: null, files: [], replaced: [] };
  const names = tables.map(tableNamed);
  if (into === 'instance') return { ...nothing, server: await stay() };
  if (into === 'file')
    return { ...nothing, files: await tablesToFiles(deps, cluster.name, scratch, names, { run, where }) };
  const at = { cluster, primary: primary ?? '', run };
  if (where !== null) return { ...nothing, replaced: await rowsIntoCluster(deps, at, scratch, names, where) };
  return { ...nothing, replaced: await tablesIntoCluster(deps, at, scratch, names) };
}

function noPlace(cluster: string): never {
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `${cluster} has no backups.scratch in the inventory, so there is no place to restore to`,
    hint: 'Add scratch: { mysqld: /usr/sbin/mysqld, folder: /scratch } to its backups.',
  });
}
