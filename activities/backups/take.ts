import {
  backupPrefix,
  type BackupManifest,
  manifestKey,
  rowsOf,
  sizeOf,
  type TableFacts,
} from '../../workflows/decisions/backups/manifest';
import { type BackupPolicy } from '../../workflows/decisions/backups/policy';
import { type StepPart } from '../../workflows/decisions/report';
import { type Deps, stopwatch } from '../deps';
import { readBackup } from './catalogue';
import { type Files, filesOf } from './logical/files';
import { type HoldOrder, letGoOn } from './logical/hold';
import { placesOf } from './places';
import { type ServerFacts } from './server-facts';
import { type Store } from './store/store';

export interface TakeOrder extends HoldOrder {
  readonly id: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

export interface PhysicalOrder extends TakeOrder {
  /** Only what was changed since the newest one of the same server, where its tool can; a full one where there is none. */
  readonly incremental: boolean;
}

export interface Taken {
  readonly id: string;
  readonly gtidExecuted: string;
  readonly tables: number;
  /** null = not counted. */
  readonly rows: number | null;
  /** As stored. */
  readonly bytes: number;
  /** How long the applier stood still; null where it did not, or an attempt before this one had finished. */
  readonly stillMs: number | null;
  readonly notes: readonly string[];
  readonly parts: readonly StepPart[];
}

/** What a run that is called off breaks off: at the next piece of a file, and before anything counts. */
export interface Stoppable {
  readonly stopped?: AbortSignal;
}

/** Where a copy goes. */
export interface Taking {
  readonly policy: BackupPolicy;
  readonly store: Store;
  readonly files: Files;
  /** Name a point of the step. */
  readonly mark: (name: string) => void;
}

/** What was copied. */
export interface Copied
  extends ServerFacts, Pick<BackupManifest, 'kind' | 'tool' | 'base'>, Partial<Pick<BackupManifest, 'lsn'>> {
  readonly counted: readonly TableFacts[];
  readonly stillMs: number | null;
  readonly notes: readonly string[];
}

/**
 * A backup: files, and last of all the manifest. Repeats safely: an attempt that finds the manifest has nothing to do, one that finds files of an
 * attempt that died removes them and begins anew. Throws what `copy` throws, and the store; an AbortError when it is stopped.
 */
export async function takeBackup(
  deps: Deps & Stoppable,
  order: TakeOrder,
  copy: (taking: Taking) => Promise<Copied>,
): Promise<Taken> {
  const { cluster, id } = order;
  const watch = stopwatch('backup', deps.checkpoint);
  const { policy, store, sealing } = await placesOf(deps, cluster);
  await letGoOn(deps, order);
  const before = await readBackup(store, cluster.name, id);
  if (before) return takenOf(before.manifest, null, [], watch.parts());
  await removeAll(store, backupPrefix(cluster.name, id));

  const goOn = () => deps.stopped?.throwIfAborted();
  const files = filesOf(store, sealing, backupPrefix(cluster.name, id), goOn);
  const beating = setInterval(() => deps.heartbeat({ stage: 'dump', done: files.plainBytes(), unit: 'bytes' }), 1_000);
  try {
    const mark = (name: string) => {
      goOn();
      watch.mark(name);
    };
    const copied = await copy({ policy, store, files, mark });
    goOn();
    const manifest: BackupManifest = {
      ...{ version: 1, id, cluster: cluster.name, kind: copied.kind, tool: copied.tool, base: copied.base },
      ...{ serverVersion: copied.version, source: order.source, sourceUuid: copied.uuid },
      ...{ gtidExecuted: copied.gtidExecuted, settings: copied.settings },
      ...{ startedAt: order.startedAt, endedAt: new Date().toISOString() },
      ...(copied.lsn && { lsn: copied.lsn }),
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
