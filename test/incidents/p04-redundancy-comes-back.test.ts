import { type RunbookReport } from '../../workflows/decisions/report';
import { provisionId } from '../../workflows/messages';
import { caughtUp } from '../support/wait';
import { incident } from './incident';
import { declareProvisioning, fillingSays } from './provisioning';
import { db1HasBeenReplaced, expectReplica, order, ordersOn, rejoin, writeOn } from './rejoining';

test(
  'P4: after a failover the server that it took is started and rejoins by itself, where the policy says so',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, faults, client, start, settle } = scene;
      declareProvisioning(lab, { afterFailover: 'automatic' });
      await load.stop();
      for (const replica of ['db2', 'db3']) await caughtUp(lab, replica, 'db1');
      await faults.kill('db1');
      const failover = await start();
      const primary = failover.newPrimary ?? '';
      expect(failover.decisions.join('\n')).toMatch(/provision\/db1 brings db1 back, or fills it anew/);
      const told = (await client.workflow.getHandle(provisionId(lab.cluster, 'db1')).result()) as RunbookReport;
      expect(told).toMatchObject({ outcome: 'done', headline: 'db1 is back: it has rejoined' });
      await expectReplica(lab, 'db1', primary);
      await settle({ primary });
    }),
  300_000,
);

test(
  'P4: a server that cannot rejoin for what it alone has is filled anew once somebody has agreed',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, client, settle } = scene;
      declareProvisioning(lab);
      const primary = await db1HasBeenReplaced(scene);
      await writeOn(lab, 'db1', order(1));
      const handed = await rejoin(scene, { extras: 'rebuild' });
      expect(handed).toMatchObject({ outcome: 'stood down' });
      const run = client.workflow.getHandle(provisionId(lab.cluster, 'db1'));
      const { question } = await fillingSays(run, (progress) => progress.question !== null);
      expect(question?.because.join()).toMatch(/db1 alone has [0-9a-f-]+:\S+, which is dropped/);
      await run.executeUpdate('approve', { args: [{ by: 'ada', plan: question?.planHash ?? '' }] });
      expect(await run.result()).toMatchObject({ outcome: 'done', left: [] });
      expect(await ordersOn(lab, 'db1')).toBe('');
      await expectReplica(lab, 'db1', primary);
      await settle({ primary });
    }),
  300_000,
);
