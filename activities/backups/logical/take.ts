import {
  backupPrefix,
  type BackupManifest,
  manifestKey,
  rowsOf,
  sizeOf,
  type TableFacts,
} from '../../../workflows/decisions/backups/manifest';
import { type BackupPolicy } from '../../../workflows/decisions/backups/policy';
import { type StepPart } from '../../../workflows/decisions/report';
import { type Deps, knownInstance, serverAsBackup, stopwatch } from '../../deps';
import { RunbookError } from '../../errors';
import { withClientFile } from '../../mysql/client-file';
import { type Mysql } from '../../mysql/mysql';
import { readBackup } from '../catalogue';
import { placesOf } from '../places';
import { type Store } from '../store/store';
import { readAccounts } from './accounts';
import { dumpOf, storeDefinitions } from './definitions';
import { type Files, filesOf } from './files';
import { type HoldOrder, letGoOn, whileStill } from './hold';
import { serverFacts, type ServerFacts } from '../server-facts';
import { awaitSnapshots, type Counting, countRows, type Dump } from './snapshots';
import { splitDump } from './split';
import { type Inside, lookInside, shareOut } from './tables';

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

/** Large tables are cut into pieces of about so much, so that they are loaded by several sessions. */
const PIECE_BYTES = 64 * 1_048_576;
/** So long the applier stands still at most, beside the time it needs to stop. */
const SNAPSHOTS_WITHIN_MS = 30_000;

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
    const copied = await copyAll(deps, order, places.policy, files, (name) => watch.mark(name));
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

interface Copied extends ServerFacts {
  readonly counted: readonly TableFacts[];
  readonly stillMs: number;
  readonly notes: readonly string[];
}

interface Opened {
  readonly inside: Inside;
  readonly dumps: readonly Dump[];
  readonly counting: readonly Counting[];
  readonly facts: ServerFacts;
}

async function copyAll(
  deps: Deps,
  order: TakeOrder,
  { parallel }: BackupPolicy,
  files: Files,
  mark: (name: string) => void,
): Promise<Copied> {
  const { cluster, source } = order;
  const server = serverAsBackup(deps, cluster, source);
  const instance = knownInstance(cluster, source);
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  return withClientFile(deps, { cluster, instance, account }, async (file) => {
    const running: Dump[] = [];
    const open = async (): Promise<Opened> => {
      const facts = await serverFacts(server);
      const inside = await server.session((session) => lookInside(session), { deadlineMs: SNAPSHOTS_WITHIN_MS });
      const shares = shareOut(inside.tables, parallel);
      for (const [number, share] of shares.entries()) running.push(await dumpOf(file, number, inside, share));
      // Counting sessions come from a small pool that others need, too.
      const counting = shareOut(inside.tables, Math.min(parallel, 2)).map((share) => countRows(server, share));
      if (running.length > 0) await awaitSnapshots(server, running, SNAPSHOTS_WITHIN_MS);
      await Promise.all(counting.map(({ ready }) => ready));
      return { inside, dumps: [...running], counting, facts };
    };
    const store = async ({ inside, dumps }: Opened): Promise<void> => {
      await Promise.all(dumps.map(({ output }) => splitDump(output, files.pieces(), PIECE_BYTES)));
      mark('tables');
      await storeDefinitions(file, inside, files);
      await files.put('accounts', await server.session((session) => readAccounts(session), { deadlineMs: 60_000 }));
      const now = await server.session((session) => lookInside(session), { deadlineMs: 60_000 });
      if (now.fingerprint !== inside.fingerprint)
        throw new RunbookError({
          code: 'TOOL_FAILED',
          message: `a definition on ${source} was changed during the dump`,
          hint: 'It is tried again; take backups apart from schema changes.',
        });
      mark('definitions');
    };

    try {
      const begun = performance.now();
      const without = await withoutSnapshot(server);
      let stillMs = 0;
      const still = <Result>(work: () => Promise<Result>) =>
        whileStill(deps, order, async () => {
          mark('still');
          return work();
        }).finally(() => (stillMs = performance.now() - begun));
      const opened =
        without.length === 0
          ? await still(open)
          : await still(async () => {
              const now = await open();
              await store(now);
              return now;
            });
      mark('snapshots');
      if (without.length === 0) await store(opened);
      const counted = (await Promise.all(opened.counting.map(({ facts }) => facts))).flat();
      mark('counted');
      const notes =
        without.length === 0
          ? []
          : [`nothing was applied until the end, because ${without.slice(0, 3).join(', ')} have no snapshots`];
      return { ...opened.facts, counted: sorted(counted), stillMs: Math.round(stillMs), notes };
    } finally {
      for (const { output } of running) output.destroy();
    }
  });
}

const sorted = (tables: readonly TableFacts[]): TableFacts[] =>
  [...tables].sort((one, other) => (`${one.schema}.${one.name}` < `${other.schema}.${other.name}` ? -1 : 1));

/** Tables that a snapshot does not hold still. */
async function withoutSnapshot(server: Mysql): Promise<string[]> {
  const { tables } = await server.session((session) => lookInside(session), { deadlineMs: SNAPSHOTS_WITHIN_MS });
  return tables
    .filter(({ engine }) => engine !== 'InnoDB')
    .map(({ schema, name, engine }) => `${schema}.${name} (${engine})`);
}
