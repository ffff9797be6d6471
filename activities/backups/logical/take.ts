import {
  backupPrefix,
  type BackupManifest,
  manifestKey,
  rowsOf,
  sizeOf,
} from '../../../workflows/decisions/backups/manifest';
import { type StepPart } from '../../../workflows/decisions/report';
import { type Deps, stopwatch } from '../../deps';
import { readBackup } from '../catalogue';
import { placesOf } from '../places';
import { type Store } from '../store/store';
import { dumpAll } from './dump';
import { filesOf } from './files';
import { type HoldOrder, letGoOn } from './hold';

export interface TakeOrder extends HoldOrder {
  readonly id: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface Taken {
  readonly id: string;
  readonly gtidExecuted: string;
  readonly tables: number;
  readonly rows: number;
  /** As stored. */
  readonly bytes: number;
  /** How long the applier stood still; null where an attempt before this one had finished. */
  readonly stillMs: number | null;
  readonly notes: readonly string[];
  readonly parts: readonly StepPart[];
}

/**
 * A logical backup from one consistent snapshot: nothing commits for the moment in which `parallel` dumps and as many counters open theirs; then the
 * server goes on, and every table is dumped, counted, compressed, sealed and stored, a large one in pieces. The manifest comes last. Only a server with tables
 * that have no snapshots (MyISAM) stands still until the end.
 * Repeats safely: an attempt that finds the manifest has nothing to do, one that finds files of an attempt that died removes them and begins anew.
 * Throws TOOL_MISSING, TOOL_FAILED, STORE_UNREACHABLE, STORE_FULL, STORE_REFUSED, LOCK_WAIT_EXCEEDED and those of the server.
 */
export async function takeLogical(deps: Deps, order: TakeOrder): Promise<Taken> {
  const { cluster, id } = order;
  const watch = stopwatch('backup', deps.checkpoint);
  const places = await placesOf(deps, cluster);
  const { store, sealing } = places;
  await letGoOn(deps, order);
  const before = await readBackup(store, cluster.name, id);
  if (before) return takenOf(before.manifest, null, [], watch.parts());
  await removeAll(store, backupPrefix(cluster.name, id));

  const files = filesOf(store, sealing, backupPrefix(cluster.name, id));
  const beating = setInterval(() => deps.heartbeat({ stage: 'dump', done: files.plainBytes(), unit: 'bytes' }), 1_000);
  try {
    const copied = await dumpAll(
      deps,
      { ...order, parallel: places.policy.parallel, count: true },
      () => files,
      (name) => watch.mark(name),
    );
    const manifest: BackupManifest = {
      ...{ version: 1, id, cluster: cluster.name, kind: 'logical', base: null },
      tool: 'mysqldump',
      ...{ serverVersion: copied.version, source: order.source, sourceUuid: copied.uuid },
      ...{ gtidExecuted: copied.gtidExecuted, settings: copied.settings },
      ...{ startedAt: order.startedAt, endedAt: new Date().toISOString() },
      tables: copied.counted,
      files: [...files.stored].sort((one, other) => (one.key < other.key ? -1 : 1)),
      sealed: { compression: 'zstd', keyId: sealing.keyId },
    };
    await store.writeText(manifestKey(cluster.name, id), `${JSON.stringify(manifest, null, 1)}\n`);
    watch.mark('manifest');
    return takenOf(manifest, copied.stillMs, copied.notes, watch.parts());
  } finally {
    clearInterval(beating);
  }
}

const takenOf = (
  manifest: BackupManifest,
  stillMs: number | null,
  notes: readonly string[],
  parts: readonly StepPart[],
): Taken => ({
  ...{ id: manifest.id, gtidExecuted: manifest.gtidExecuted, tables: manifest.tables.length, rows: rowsOf(manifest) },
  ...{ bytes: sizeOf(manifest), stillMs, notes, parts },
});

export async function removeAll(store: Store, prefix: string): Promise<number> {
  const left = await store.list(prefix);
  for (const { key } of left) await store.remove(key);
  return left.length;
}
