import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { takeLogical } from '../activities/backups/logical/take';
import { findBackup } from '../activities/backups/catalogue';
import { takePhysical } from '../activities/backups/physical/take';
import { placesOf } from '../activities/backups/places';
import { restoreIntoScratch } from '../activities/backups/restore/scratch';
import { startScratch } from '../activities/backups/scratch/scratch';
import { type Deps, knownInstance } from '../activities/deps';
import { withClientFile } from '../activities/mysql/client-file';
import { programNamed, throughProgram } from '../activities/programs/through';
import { type Cluster } from '../workflows/decisions/cluster';
import { onLab } from './on-lab';
import { fillTables } from './provision';
import { spread, type Spread } from './statistics';

export interface BackupCase extends Spread {
  readonly case: string;
  readonly runs: number;
  /** Of the tables; and of what was stored. */
  readonly megabytes: number;
  readonly storedMegabytes: number;
}

const SOURCE = 'db2';
const PARALLEL = 4;

type Timed = Record<'logical' | 'physical' | 'bare', number[]>;
const none = (): Timed => ({ logical: [], physical: [], bare: [] });

/**
 * Backups of a replica, and what is restored from them, on the same tables, in turn: ours, logical and physical, and the tools as somebody types them:
 * `mysqldump | zstd > file`, `mysql < file`. Each restore begins with an empty scratch server of the same settings, whose start counts.
 */
export async function benchBackup(
  what: 'backup' | 'restore',
  runs: number,
  megabytes: number,
  onRun: (line: string) => void,
): Promise<BackupCase[]> {
  return onLab({ replicas: 1 }, async ({ lab, cluster: found, deps, folder }) => {
    const [backups, place] = [found.backups, found.backups?.scratch];
    if (!backups || !place) throw new Error('the lab has no backups');
    const scratch = { ...place, bufferPoolMegabytes: 512 };
    const physical = { tool: 'clone' as const, folder: lab.folder };
    const cluster: Cluster = { ...found, backups: { ...backups, parallel: PARALLEL, scratch, physical } };
    const order = { cluster, source: SOURCE, isPrimary: false, startedAt: new Date().toISOString() };
    const dump = join(folder, 'dump.sql.zst');
    const stored = { logical: 0, physical: 0, bare: 0 };
    const took: Timed = none();
    await fillTables(lab, megabytes);
    const backUp: Record<keyof Timed, (run: number) => Promise<unknown>> = {
      logical: async (run) => (stored.logical = (await takeLogical(deps, { ...order, id: `l-${run}` })).bytes),
      physical: async (run) =>
        (stored.physical = (await takePhysical(deps, { ...order, id: `p-${run}`, incremental: false })).bytes),
      bare: () => dumpTo(deps, cluster, dump).then(() => (stored.bare = statSync(dump).size)),
    };
    const restore: Record<keyof Timed, (run: number) => Promise<unknown>> = {
      logical: (run) => restored(deps, cluster, 'l-1', `l${run}`),
      physical: (run) => restored(deps, cluster, 'p-1', `p${run}`),
      bare: (run) => loadFrom(cluster, dump, `b${run}`),
    };
    const names = ['logical', 'bare', 'physical'] as const;
    if (what === 'restore') for (const name of names) await backUp[name](1);
    for (let run = 1; run <= runs; run += 1)
      for (const name of run % 2 === 0 ? [...names].reverse() : names) {
        const since = performance.now();
        await (what === 'backup' ? backUp : restore)[name](run);
        took[name].push(performance.now() - since);
        onRun(`${what}, ${name} ${run}: ${Math.round(took[name].at(-1) ?? 0)} ms`);
      }
    return names.map((name) => ({
      ...{ case: name === 'bare' ? `${what}-bare-tool` : `${what}-${name}`, runs, megabytes },
      storedMegabytes: Math.round(stored[name] / 1e6),
      ...spread(took[name]),
    }));
  });
}

async function restored(deps: Deps, cluster: Cluster, id: string, name: string): Promise<void> {
  const place = cluster.backups?.scratch;
  if (!place) return;
  const { store } = await placesOf(deps, cluster);
  const { manifest } = await findBackup(store, cluster.name, id);
  const order = { cluster, place, name, manifest, progress: () => undefined };
  await (await restoreIntoScratch(deps, order)).destroy();
}

const OPTIONS = ['--single-transaction', '--set-gtid-purged=OFF', '--no-tablespaces', '--routines', '--triggers'];

async function dumpTo(deps: Deps, cluster: Cluster, file: string): Promise<void> {
  const { admin, backup: account = admin } = cluster.accounts;
  const login = { cluster, instance: knownInstance(cluster, SOURCE), account };
  await withClientFile(deps, login, async (options) => {
    const words = [`--defaults-extra-file=${options}`, ...OPTIONS, '--events', '--databases', 'shop'];
    const input = throughProgram([programNamed('mysqldump'), ...words]);
    const level = `-${cluster.backups?.compression.level ?? 3}`;
    await pipeline(throughProgram([programNamed('zstd'), '--stdout', level], { input }), createWriteStream(file));
  });
}

async function loadFrom(cluster: Cluster, file: string, name: string): Promise<void> {
  const place = cluster.backups?.scratch;
  if (!place) return;
  const scratch = await startScratch(place, { name, settings: {} });
  try {
    const login = { cluster: scratch.cluster, instance: scratch.instance, account: scratch.cluster.accounts.admin };
    await withClientFile(scratch, login, async (options) => {
      const plain = throughProgram([programNamed('zstd'), '--decompress', '--stdout'], {
        input: createReadStream(file),
      });
      const words = [`--defaults-extra-file=${options}`, '--binary-mode', '--max-allowed-packet=1G'];
      const output = throughProgram([programNamed('mysql'), ...words], { input: plain });
      await pipeline(output, new Writable({ write: (_chunk, _encoding, next) => next() }));
    });
  } finally {
    await scratch.destroy();
  }
}
