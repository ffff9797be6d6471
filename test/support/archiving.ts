import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ArchiveDetails, archiveBinlogs, type ArchiveTurn } from '../../activities/archive/archive';
import { openShelf, type Shelf } from '../../activities/archive/shelf';
import { type Deps } from '../../activities/deps';
import { type Inventory, loadInventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { openServers } from '../../activities/mysql/servers';
import { type Lab } from '../../lab';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { type Trouble } from '../../workflows/decisions/archive/troubles';
import { type ArchivePolicy, type StorePlace } from '../../workflows/decisions/backups/policy';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type GtidSet } from '../../workflows/decisions/gtid-set';

/** The archive of a lab's cluster, run in this process, on a store and a local tier of its own. */
export interface Archiving {
  readonly folder: string;
  readonly store: string;
  readonly tier: string;
  readonly cluster: Cluster;
  readonly deps: Deps;
  /** What it said last with a heartbeat. */
  readonly said: () => ArchiveDetails | null;
  readonly shelf: () => Promise<Shelf>;
  /** What the store holds. */
  readonly stored: () => Promise<GtidSet>;
  /** Runs until it is stopped, or has something to tell; `die` names the point where it is to die, as a killed worker does. */
  readonly run: (options?: { readonly told?: readonly Trouble[]; readonly die?: (point: string) => void }) => Running;
  readonly close: () => Promise<void>;
}

export interface Running {
  readonly turn: Promise<ArchiveTurn>;
  readonly stop: () => Promise<ArchiveTurn>;
}

/** `place`: another store than a folder beside the tier. */
export async function archiving(lab: Lab, policy: Partial<ArchivePolicy> = {}, place?: StorePlace): Promise<Archiving> {
  const folder = mkdtempSync(join(tmpdir(), 'mra-'));
  const [store, tier] = [join(folder, 'store'), join(folder, 'tier')];
  mkdirSync(store);
  mkdirSync(tier);
  const loaded = await loadInventory(lab.inventoryPath);
  const [first] = loaded.clusters;
  if (!first) throw new Error('the lab has no cluster');
  const cluster: Cluster = {
    ...first,
    backups: {
      store: place ?? { kind: 'folder', path: store },
      compression: { level: 1, threads: 1 },
      parallel: 2,
      retention: { atLeast: 1, days: 1, weeks: 0, months: 0, promisedDays: 1 },
      archive: { folder: tier, megabytes: 1, seconds: 1, keepDays: 1, ...policy },
    },
  };
  const inventory: Inventory = { ...loaded, clusters: [cluster] };
  const secret = (reference: Parameters<typeof resolveSecret>[0]) => resolveSecret(reference, lab.folder);
  const servers = openServers({ secrets: secret });
  let said: ArchiveDetails | null = null;
  const deps: Deps = {
    servers,
    secret,
    inventory: () => Promise.resolve(inventory),
    checkpoint: () => undefined,
    heartbeat: (details) => void (said = details as ArchiveDetails),
  };
  const shelf = () => openShelf(deps, cluster);
  const all: Running[] = [];
  return {
    folder,
    store,
    tier,
    cluster,
    deps,
    said: () => said,
    shelf,
    stored: async () => gtidsOf((await (await shelf()).coverage()).files),
    run({ told = [], die = () => undefined } = {}) {
      const stopped = new AbortController();
      const turn = archiveBinlogs(
        { ...deps, checkpoint: die, cancelled: stopped.signal },
        { cluster: cluster.name, told },
      );
      turn.catch(() => undefined);
      const running: Running = {
        turn,
        stop: () => {
          stopped.abort();
          return turn;
        },
      };
      all.push(running);
      return running;
    },
    async close() {
      await Promise.allSettled(all.map((one) => one.stop()));
      await servers.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
