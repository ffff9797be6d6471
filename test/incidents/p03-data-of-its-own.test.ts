import { readFileSync } from 'node:fs';
import { type RunbookReport } from '../../workflows/decisions/report';
import { caughtUp } from '../support/wait';
import { incident } from './incident';
import { beginFilling, declareProvisioning, fillingSays, provision } from './provisioning';
import { expectReplica, order, ordersOn, writeOn } from './rejoining';

test(
  'P3: a server that alone has transactions is not filled; with consent they are copied to a file first',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, settle } = scene;
      declareProvisioning(lab);
      await lab.rows('db3', 'STOP REPLICA');
      await writeOn(lab, 'db3', order(7, 'of-db3'));

      const refused = await provision(scene, { instance: 'db3' });
      expect(refused.outcome).toBe('refused');
      expect(refused.headline).toMatch(/db3 alone has [0-9a-f-]+:1 \(invariant 4\)/);
      expect(await ordersOn(lab, 'db3')).toBe('7 of-db3');

      const rejected = await beginFilling(scene, { instance: 'db3', extras: 'ask' });
      const { question } = await fillingSays(rejected, ({ question: asked }) => asked !== null);
      expect(question?.because.join()).toMatch(/db3 alone has [0-9a-f-]+:1, which is dropped/);
      await rejected.executeUpdate('reject', { args: [{ by: 'ada', reason: 'look first' }] });
      expect(await rejected.result()).toMatchObject({ outcome: 'rejected' });
      expect(await ordersOn(lab, 'db3')).toBe('7 of-db3');

      const run = await beginFilling(scene, { instance: 'db3', extras: 'ask' });
      const asked = await fillingSays(run, ({ question: open }) => open !== null);
      await run.executeUpdate('approve', { args: [{ by: 'ada', plan: asked.question?.planHash ?? '' }] });
      const told = (await run.result()) as RunbookReport;
      expect(told).toMatchObject({ outcome: 'done', left: [] });
      expect(readFileSync(told.lostTransactionFiles[0] ?? '', 'utf8')).toContain("'of-db3'");
      expect(await ordersOn(lab, 'db3')).toBe('');
      await load.stop();
      await caughtUp(lab, 'db3', 'db1');
      await expectReplica(lab, 'db3', 'db1');
      await settle({ primary: 'db1' });
    }),
  300_000,
);

test('P3: a server with data and without any GTID is left alone, whatever is agreed to', () =>
  incident({ watched: false, durability: 'async' }, async (scene) => {
    const { lab } = scene;
    for (const statement of ['STOP REPLICA', 'RESET REPLICA ALL', 'RESET BINARY LOGS AND GTIDS'])
      await lab.rows('db3', statement);
    const told = await provision(scene, { instance: 'db3', extras: 'ask' });
    expect(told.headline).toMatch(/db3 has data \(shop\) and no GTID: nobody can tell whether others have it/);
    expect(Number(await lab.value('db3', 'SELECT COUNT(*) FROM runbooks.epoch'))).toBe(1);
  }));

test('P3: a primary is never filled, nor a server that the inventory does not name', () =>
  incident({ watched: false }, async (scene) => {
    expect((await provision(scene, { instance: 'db1', rebuild: true })).headline).toMatch(/db1 is the primary/);
    const stranger = await provision(scene, { instance: 'db9' });
    expect(stranger).toMatchObject({ outcome: 'refused' });
    expect(stranger.left.join()).toContain('- { name: db9, host: <its address>, port: 3306 }');
  }));
