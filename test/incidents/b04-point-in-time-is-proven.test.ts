import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { archiveBinlogs } from '../../activities/archive/archive';
import { crc32 } from '../../activities/archive/binlog/crc32';
import { HEADER_BYTES, MAGIC, readHeader } from '../../activities/archive/binlog/event';
import { openShelf } from '../../activities/archive/shelf';
import { takeLogical } from '../../activities/backups/logical/take';
import { placesOf } from '../../activities/backups/places';
import { proveBackup, type Proved } from '../../activities/backups/prove/prove';
import { count, subtract } from '../../workflows/decisions/gtid-set';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { backupScene, type Scene } from '../activities/backups/scene';
import { inLab } from '../support/lab';
import { eventually, replicaState } from '../support/wait';
import { executed } from './archived';

const CHANGED = { from: 'as the client wrote it', to: 'as a bad disk says it' };

/** Runs `work` while clients write and binary logs are archived; all that was written before it is archived then. */
async function underWay(scene: Scene, work: () => Promise<void>): Promise<void> {
  const { lab, deps, cluster } = scene;
  const stopped = new AbortController();
  const turn = archiveBinlogs({ ...deps, cancelled: stopped.signal }, { cluster: cluster.name, told: [] });
  const writing = (async () => {
    for (let id = 0; !stopped.signal.aborted; id += 1)
      await lab.rows('db1', `INSERT INTO shop.stock (note) VALUES ('row ${id}')`);
  })();
  try {
    const all = await executed(lab, 'db1');
    const shelf = await openShelf(deps, cluster);
    const lacks = async () => count(subtract(all, gtidsOf((await shelf.coverage()).files)));
    await eventually('the archive has all of it', async () => (await lacks()) === 0, 60_000);
    await work();
  } finally {
    stopped.abort();
    await Promise.allSettled([turn, writing]);
  }
}

/** A value of a row is another one, and every checksum is right. */
async function changeARow({ deps, cluster }: Scene): Promise<void> {
  const { store, sealing } = await placesOf(deps, cluster);
  const shelf = await openShelf(deps, cluster);
  for (const file of (await shelf.coverage()).files) {
    const bytes = await buffer(await shelf.open(file));
    const at = bytes.indexOf(CHANGED.from);
    if (at < 0) continue;
    for (let from = MAGIC.length; from < bytes.length;) {
      const { bytes: size } = readHeader(bytes.subarray(from, from + HEADER_BYTES));
      if (from < at && at < from + size) {
        bytes.write(CHANGED.to, at);
        bytes.writeUInt32LE(crc32(bytes.subarray(from, from + size - 4)), from + size - 4);
      }
      from += size;
    }
    await store.put(file.key, sealing.seal(Readable.from([bytes])));
    return;
  }
  throw new Error('no archived file has the row');
}

test(
  'a backup and its archive are proven to a moment; an archive that lost a file, or tells a row differently, is found out',
  () =>
    inLab({ replicas: 1, router: 'none', durability: 'async' }, async (lab) => {
      await lab.rows('db1', 'CREATE TABLE shop.stock (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(80))');
      await eventually('db2 has the table', async () => (await lab.rows('db2', 'SHOW TABLES IN shop')).length > 1);
      const scene = await backupScene(lab);
      const { deps, cluster } = scene;
      const id = '20261121T000000Z-b04';
      const order = { cluster, source: 'db2', isPrimary: false, id };
      const prove = (run: string): Promise<Proved> => proveBackup(deps, { ...order, run });
      const said = ({ checks }: Proved, name: string) => {
        const found = checks.find((check) => check.name === name);
        return `${found?.verdict ?? 'none'}: ${found?.detail ?? ''}`;
      };
      try {
        await takeLogical(deps, { ...order, startedAt: '2026-11-21T00:00:00Z' });
        await lab.rows('db1', `INSERT INTO shop.stock (note) VALUES ('${CHANGED.from}')`);
        await underWay(scene, async () => {
          const proved = await prove('b04-good');
          expect([said(proved, 'point in time'), proved.verdict]).toEqual([
            expect.stringMatching(
              /^passed: \d+ transactions of \d+ archived files, to \S+, and on to where db2 stood still: \d+ tables as there at /,
            ),
            'proven',
          ]);
          expect((await replicaState(lab, 'db2'))?.applier).toBe('Yes');
        });

        await changeARow(scene);
        await underWay(scene, async () => {
          const proved = await prove('b04-changed');
          expect([said(proved, 'point in time'), proved.verdict]).toEqual(['failed: shop.stock differs', 'failed']);
        });

        const folder = join(lab.folder, 'backups', lab.cluster, 'binlogs', 'files');
        const [first] = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.json'));
        rmSync(join(folder, first ?? ''));
        const proved = await prove('b04-lost');
        expect(said(proved, 'point in time')).toMatch(/^failed: the archive lacks .* which lie before the target$/);
        expect(proved.verdict).toBe('failed');
        expect(readdirSync(scene.scratch.folder)).toEqual([]);
      } finally {
        await scene.close();
      }
    }),
  240_000,
);
