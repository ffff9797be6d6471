import { applyArchived } from '../../activities/archive/apply';
import { serverNamed } from '../../activities/deps';
import { count, parseGtidSet, print, subtract } from '../../workflows/decisions/gtid-set';
import { archiving } from '../support/archiving';
import { inLab } from '../support/lab';
import { eventually } from '../support/wait';
import { apply, executed, work } from './archived';

test(
  'B2: a file that is gone from the archive refuses with its exact GTIDs, and a transaction can be left out',
  () =>
    inLab({ replicas: 1, router: 'none', durability: 'async' }, async (lab) => {
      const archive = await archiving(lab);
      try {
        await lab.rows('db2', 'STOP REPLICA');
        await lab.rows('db2', 'RESET REPLICA ALL');
        const running = archive.run();
        await work(lab, 'db1', 1);
        const uuid = lab.server('db1').uuid;
        await lab.rows('db1', 'DROP TABLE shop.stock');
        const dropped = parseGtidSet(`${uuid}:${count(await executed(lab, 'db1'))}`);
        await lab.rows('db1', 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (5, 5, @@server_uuid)');
        const all = await executed(lab, 'db1');
        await eventually(
          'the archive has all',
          async () => count(subtract(all, await archive.stored())) === 0 || undefined,
          30_000,
        );
        await running.stop();

        const shelf = await archive.shelf();
        const { files } = await shelf.coverage();
        const [lost] = files.slice(-1);
        const store = {
          ...shelf,
          coverage: async () => ({ ...(await shelf.coverage()), files: files.filter((one) => one.key !== lost?.key) }),
        };
        const server = serverNamed(archive.deps, archive.cluster, 'db2');
        const hooks = { checkpoint: () => undefined, progress: () => undefined };
        await expect(
          applyArchived(server, store, { target: all, without: parseGtidSet('') }, hooks),
        ).rejects.toMatchObject({
          code: 'ARCHIVE_GAP',
          message: expect.stringContaining(`the archive lacks ${print(parseGtidSet(lost?.gtids ?? ''))} (`) as string,
        });

        // Everything but the DROP.
        const applied = await apply(archive, 'db2', all, dropped);
        expect(applied.passedOver).toBe(print(dropped));
        expect(print(await executed(lab, 'db2'))).toBe(print(all));
        expect(await lab.value('db2', 'SELECT COUNT(*) FROM shop.stock')).toBeGreaterThan(30);
        expect(await lab.value('db2', 'SELECT COUNT(*) FROM shop.orders WHERE writer = 5')).toBe(1);
      } finally {
        await archive.close();
      }
    }),
  120_000,
);
