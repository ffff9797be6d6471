import { renameSync } from 'node:fs';
import { startLoad } from '../../lab/load';
import { count, equals, parseGtidSet, print, subtract } from '../../workflows/decisions/gtid-set';
import { type Archiving, archiving } from '../support/archiving';
import { inLab } from '../support/lab';
import { eventually } from '../support/wait';
import { type Lab } from '../../lab';

const executed = async (lab: Lab, server: string) =>
  parseGtidSet(String(await lab.value(server, 'SELECT @@global.gtid_executed')));

/** All that `server` has is in the store, each transaction in one file only. */
async function wholeArchive(lab: Lab, server: string, archive: Archiving): Promise<void> {
  const all = await executed(lab, server);
  await eventually(
    'the store has all',
    async () => {
      const missing = subtract(all, await archive.stored());
      if (count(missing) > 0) throw new Error(`${print(missing)} is missing; ${JSON.stringify(archive.said())}`);
      return true;
    },
    30_000,
  );
  const { files } = await (await archive.shelf()).coverage();
  const held = files.reduce((sum, { transactions }) => sum + transactions, 0);
  expect({ held, files: files.length > 0 }).toEqual({ held: count(await archive.stored()), files: true });
}

test('an archive survives the death of its source and of its worker, without a hole and without a double', () =>
  inLab({ replicas: 2, router: 'none', durability: 'async' }, async (lab) => {
    const archive = await archiving(lab);
    const load = startLoad(lab, { perSecond: 300 });
    try {
      let running = archive.run();
      await eventually('it copies', () => Promise.resolve(archive.said()?.newestAt != null || undefined));
      const first = archive.said()?.source ?? '';
      expect(['db2', 'db3']).toContain(first);

      await lab.faults.kill(first);
      await eventually('it copies from another', () =>
        Promise.resolve((archive.said()?.source !== first && archive.said()?.state.startsWith('copies')) || undefined),
      );

      // It breaks off in the middle of a write, and again when the store has a file and not yet its document.
      const came: string[] = [];
      for (const point of ['archive:safe', 'archive:closing', 'archive:closed', 'archive:storing', 'archive:stored']) {
        await running.stop();
        const dying = archive.run({
          die: (at) => {
            if (at !== point) return;
            came.push(point);
            throw new Error(`died at ${point}`);
          },
        });
        await eventually(`it comes to ${point}`, () => Promise.resolve(came.includes(point) || undefined));
        await dying.stop().catch(() => undefined);
        running = archive.run();
      }

      // A switchover by hand: the store of the next transactions has another uuid in its GTIDs.
      await load.stop();
      const other = first === 'db2' ? 'db3' : 'db2';
      await lab.rows(other, 'STOP REPLICA');
      await lab.rows(other, 'SET GLOBAL super_read_only = 0');
      await lab.rows(other, 'SET GLOBAL read_only = 0');
      for (let i = 0; i < 20; i += 1)
        await lab.rows(other, 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (9, ?, @@server_uuid)', [
          i,
        ]);
      await wholeArchive(lab, other, archive);
      await running.stop();
      expect((await archive.stored()).sources.length).toBeGreaterThan(1);
    } finally {
      await load.stop();
      await archive.close();
    }
  }));

test(
  'while the store is away nothing is lost, people are told, and it catches up',
  () =>
    inLab({ replicas: 0, router: 'none', durability: 'async' }, async (lab) => {
      const archive = await archiving(lab);
      const load = startLoad(lab, { perSecond: 100 });
      try {
        let running = archive.run();
        await eventually('a file is stored', async () => count(await archive.stored()) > 0 || undefined);
        renameSync(archive.store, `${archive.store}-away`);
        const { troubles } = await running.turn;
        expect(troubles.map(({ kind }) => kind)).toEqual(['store']);
        expect(troubles[0]?.sentence).toMatch(/does not take archived binary logs: .* does not exist; \d+ files wait/);
        running = archive.run({ told: troubles });
        await eventually('files wait', () => Promise.resolve((archive.said()?.filesWaiting ?? 0) > 2 || undefined));
        renameSync(`${archive.store}-away`, archive.store);
        expect((await running.turn).troubles).toEqual([]);
        running = archive.run();
        await load.stop();
        await wholeArchive(lab, 'db1', archive);
        await running.stop();
        const before = await archive.stored();
        expect(equals(before, await executed(lab, 'db1'))).toBe(true);
      } finally {
        await load.stop();
        await archive.close();
      }
    }),
  120_000,
);

test('what the servers have purged before it was archived is a gap, told once with its exact GTIDs, and the archive goes on behind it', () =>
  inLab({ replicas: 0, router: 'none', durability: 'async' }, async (lab) => {
    const archive = await archiving(lab);
    const write = async (rows: number, writer: number) => {
      for (let i = 0; i < rows; i += 1)
        await lab.rows('db1', 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (?, ?, @@server_uuid)', [
          writer,
          i,
        ]);
    };
    try {
      let running = archive.run();
      await write(5, 1);
      await wholeArchive(lab, 'db1', archive);
      await running.stop();
      const before = await executed(lab, 'db1');
      await write(7, 2);
      const gap = print(subtract(await executed(lab, 'db1'), before));
      await lab.rows('db1', 'FLUSH BINARY LOGS');
      const [newest] = (await lab.rows('db1', 'SHOW BINARY LOGS')).slice(-1);
      await lab.rows('db1', 'PURGE BINARY LOGS TO ?', [String(newest?.['Log_name'])]);
      await write(3, 3);

      running = archive.run();
      const { troubles } = await running.turn;
      expect(troubles.map(({ id }) => id)).toEqual([`gap ${gap}`]);
      running = archive.run({ told: troubles });
      await eventually(
        'what is behind the gap is archived',
        async () => print(subtract(await executed(lab, 'db1'), await archive.stored())) === gap || undefined,
      );
      await eventually('it says so', () => Promise.resolve(archive.said()?.missing === 7 || undefined));
      expect(archive.said()?.troubles).toEqual([expect.stringContaining(gap)]);
      expect((await (await archive.shelf()).coverage()).gaps).toMatchObject([{ gtids: gap, source: 'db1' }]);
      await running.stop();
    } finally {
      await archive.close();
    }
  }));
