import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takePhysical } from '../../activities/backups/physical/take';
import { proveBackup, type Proved } from '../../activities/backups/prove/prove';
import { type BackupManifest, manifestKey } from '../../workflows/decisions/backups/manifest';
import { contains, parseGtidSet } from '../../workflows/decisions/gtid-set';
import { backupScene } from '../activities/backups/scene';
import { inLab } from '../support/lab';
import { eventually, replicaState } from '../support/wait';
import { executed } from './archived';

const SEALED = { keys: [{ id: 'k1', key: { env: 'B05_KEY' } }] };

test(
  'a copy by CLONE, taken while clients write, holds exactly what its manifest says; one that does not is found out',
  () =>
    inLab({ replicas: 1, router: 'none', durability: 'async' }, async (lab) => {
      process.env['B05_KEY'] = randomBytes(32).toString('base64');
      const clones = join(lab.folder, 'clones');
      mkdirSync(clones, { recursive: true });
      const scene = await backupScene(lab, { encryption: SEALED, physical: { tool: 'clone', folder: clones } });
      const { deps, cluster, marks } = scene;
      const id = '20261121T000000Z-b10';
      const order = { cluster, source: 'db2', isPrimary: false, id };
      const take = () => takePhysical(deps, { ...order, startedAt: '2026-11-21T00:00:00Z', incremental: false });
      const prove = (run: string): Promise<Proved> => proveBackup(deps, { ...order, run });
      const failed = ({ checks }: Proved) =>
        checks.filter(({ verdict }) => verdict === 'failed').map(({ name, detail }) => `${name}: ${detail}`);
      const load = { over: false, row: 0 };
      const writing = (async () => {
        for (; !load.over; load.row += 1)
          await lab.rows(
            'db1',
            `INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (7, ${load.row}, @@server_uuid)`,
          );
      })();
      try {
        const before = await executed(lab, 'db2');
        const taken = await take();
        const held = parseGtidSet(taken.gtidExecuted);
        expect([contains(held, before), contains(await executed(lab, 'db2'), held)]).toEqual([true, true]);
        expect(taken.stillMs).toBeGreaterThan(0);
        expect(marks).toEqual(
          expect.arrayContaining(['backup:cloning', 'backup:still', 'backup:cloned', 'backup:stored']),
        );
        expect(readdirSync(clones)).toEqual([]);
        expect((await replicaState(lab, 'db2'))?.applier).toBe('Yes');
        expect(await take()).toMatchObject({ gtidExecuted: taken.gtidExecuted, rows: taken.rows, stillMs: null });

        const proved = await prove('b10-good');
        expect([failed(proved), proved.verdict]).toEqual([[], 'proven']);
        expect(proved.checks.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(
          expect.arrayContaining(['tables and rows passed', 'replicates passed', 'equal sums passed']),
        );

        const store = join(lab.folder, 'backups');
        const path = join(store, manifestKey(lab.cluster, id));
        const manifest = JSON.parse(readFileSync(path, 'utf8')) as BackupManifest;
        const wrong = manifest.gtidExecuted.replace(/(\d+)$/, (last) => String(Number(last) - 1));
        writeFileSync(path, JSON.stringify({ ...manifest, gtidExecuted: wrong }));
        expect(failed(await prove('b10-wrong'))).toEqual([
          expect.stringMatching(/^restored: .* is damaged: its files hold .*, and its manifest says /) as string,
        ]);

        writeFileSync(path, JSON.stringify(manifest));
        const data = join(store, manifest.files[0]?.key ?? '');
        const bytes = readFileSync(data);
        const middle = bytes.length >> 1;
        bytes[middle] = (bytes[middle] ?? 0) ^ 0x10;
        writeFileSync(data, bytes);
        expect(failed(await prove('b10-flipped'))).toEqual([
          expect.stringMatching(/^restored: .*data\.tar\.zst\.sealed is damaged: /) as string,
        ]);
        expect(readdirSync(scene.scratch.folder)).toEqual([]);

        await lab.rows('db1', 'CREATE TABLE shop.old (id INT) ENGINE=MyISAM');
        const all = await executed(lab, 'db1');
        await eventually('db2 has it', async () => contains(await executed(lab, 'db2'), all));
        await expect(
          takePhysical(deps, { ...order, id: `${id}-2`, startedAt: '', incremental: false }),
        ).rejects.toThrow('CLONE copies no rows of tables that are not InnoDB, and db2 has shop.old (MyISAM)');
      } finally {
        load.over = true;
        await writing;
        await scene.close();
      }
    }),
  240_000,
);
