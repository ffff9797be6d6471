import { readdirSync } from 'node:fs';
import { readCatalogue } from '../../activities/backups/catalogue';
import { takePhysical } from '../../activities/backups/physical/take';
import { placesOf } from '../../activities/backups/places';
import { proveBackup } from '../../activities/backups/prove/prove';
import { retainBackups } from '../../activities/backups/retain';
import { contains } from '../../workflows/decisions/gtid-set';
import { backupScene } from '../activities/backups/scene';
import { inLab } from '../support/lab';
import { eventually } from '../support/wait';
import { installXtraBackup } from '../support/xtrabackup/install';
import { executed } from './archived';

test(
  'incremental copies are restored on what they stand on, which retention keeps; where that is gone, none is proven',
  () =>
    inLab({ replicas: 1, router: 'none', durability: 'async' }, async (lab) => {
      const physical = installXtraBackup(lab, 'db2');
      process.env['RUNBOOK_XTRABACKUP'] = physical.command[0];
      process.env['RUNBOOK_XBSTREAM'] = physical.xbstream;
      const retention = { atLeast: 1, days: 0, weeks: 0, months: 0, promisedDays: 0 };
      const scene = await backupScene(lab, { physical: physical.policy, retention });
      const { deps, cluster } = scene;
      const order = { cluster, source: 'db2', isPrimary: false };
      const write = async (rows: number) => {
        for (let row = 0; row < rows; row += 1)
          await lab.rows(
            'db1',
            'INSERT INTO shop.orders (writer, sequence, server_uuid) SELECT 7, COUNT(*), @@server_uuid FROM shop.orders o',
          );
        const all = await executed(lab, 'db1');
        await eventually('db2 has it', async () => contains(await executed(lab, 'db2'), all));
      };
      const idOf = (day: number) => `2026112${day}T000000Z-b11`;
      const take = async (day: number) => {
        await write(5);
        return takePhysical(deps, {
          ...order,
          id: idOf(day),
          startedAt: `2026-11-2${day}T00:00:00Z`,
          incremental: true,
        });
      };
      const prove = (day: number) => proveBackup(deps, { ...order, id: idOf(day), run: `b11-${Date.now()}` });
      const { store } = await placesOf(deps, cluster);
      try {
        expect((await take(1)).notes).toEqual(['a full one: db2 has none to put it on']);
        expect((await take(2)).notes).toEqual([`what was changed since ${idOf(1)}`]);
        expect((await take(3)).notes).toEqual([`what was changed since ${idOf(2)}`]);
        expect(readdirSync(physical.policy.folder).filter((name) => name.includes('b11'))).toEqual([]);
        await write(5);

        const proved = await prove(3);
        expect([proved.because, proved.verdict]).toEqual([proved.because, 'proven']);
        expect(proved.checks.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(
          expect.arrayContaining(['replicates passed', 'equal sums passed']),
        );

        // A year later only the newest is wanted, and it needs the others.
        const { keep, remove } = await retainBackups(deps, cluster, Date.parse('2027-11-21T00:00:00Z'));
        expect([keep.map(({ id }) => id), remove]).toEqual([[idOf(3), idOf(2), idOf(1)], []]);

        for (const { key } of await store.list(`${lab.cluster}/backups/${idOf(2)}/`)) await store.remove(key);
        expect((await readCatalogue(store, lab.cluster)).backups).toHaveLength(2);
        const broken = await prove(3);
        expect(broken.because).toMatch(
          /it stands on 20261122T000000Z-b11, and that, or what that one stands on, is not in the store/,
        );
        expect((await take(4)).notes).toEqual([`what was changed since ${idOf(1)}`]);
      } finally {
        await scene.close();
      }
    }),
  240_000,
);
