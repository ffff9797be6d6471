import { compareSample } from '../../../activities/provision/compare';
import { awaitExecuted, bringTo, executedOn } from '../../../activities/replication/meet';
import { compareRows } from '../../../activities/upgrades/compare';
import { serverNamed } from '../../../activities/deps';
import { startLoad } from '../../../lab/load';
import { withLab } from '../../support/lab';
import { caughtUp, replicaState } from '../../support/wait';
import { backupScene, type Scene } from '../backups/scene';

const lab = withLab({ replicas: 2, router: 'none', durability: 'async' });
let scene: Scene;
beforeAll(async () => {
  scene = await backupScene(lab());
});
afterAll(() => scene.close());

test('a replica stands exactly at a set while its source goes on; one that is further is refused', async () => {
  const [db1, db2] = ['db1', 'db2'].map((name) => serverNamed(scene.deps, scene.cluster, name));
  if (!db1 || !db2) throw new Error('the lab has no such servers');
  await caughtUp(lab(), 'db2', 'db1');
  await lab().rows('db2', 'STOP REPLICA SQL_THREAD');
  const before = await executedOn(db2);
  const load = startLoad(lab(), { perSecond: 100 });
  try {
    await load.nextAcknowledgement();
    const gtids = await executedOn(db1);
    await load.nextAcknowledgement();
    await bringTo(db2, gtids, 60);
    expect(await executedOn(db2)).toBe(gtids);
    expect((await replicaState(lab(), 'db2'))?.applier).toBe('No');
    await bringTo(db2, gtids, 60);
    await expect(bringTo(db2, before, 60)).rejects.toMatchObject({
      code: 'RELAY_LOG_STALLED',
      message: expect.stringMatching(/^db2 is \d+ transactions further than where it is to stand$/) as string,
    });
    await load.nextAcknowledgement();
    await expect(awaitExecuted(db2, await executedOn(db1), 1)).rejects.toMatchObject({ code: 'RELAY_LOG_STALLED' });
  } finally {
    await load.stop();
    await lab().rows('db2', 'START REPLICA SQL_THREAD');
  }
});

test('replicas are compared at one set under load, and apply again: those of two releases, and a new one with its donor', async () => {
  const { deps, cluster } = scene;
  const load = startLoad(lab(), { perSecond: 100 });
  try {
    await load.nextAcknowledgement();
    expect(await compareRows(deps, { cluster, old: 'db2', fresh: 'db3', rows: 1_000 })).toMatchObject({
      different: [],
    });
    const sampled = await compareSample(deps, { cluster, instance: 'db3', donor: 'db2', seed: 'meet' });
    expect(sampled.rows).toBeGreaterThan(0);
    for (const replica of ['db2', 'db3']) expect((await replicaState(lab(), replica))?.applier).toBe('Yes');
  } finally {
    await load.stop();
  }
});
