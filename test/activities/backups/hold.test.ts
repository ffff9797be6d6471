import { whileStill } from '../../../activities/backups/logical/hold';
import { withLab } from '../../support/lab';
import { caughtUp, replicaState } from '../../support/wait';
import { backupScene, type Scene } from './scene';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
let scene: Scene;
beforeAll(async () => {
  scene = await backupScene(lab());
  await lab().rows('db1', 'CREATE TABLE shop.still (id INT PRIMARY KEY AUTO_INCREMENT)');
  await caughtUp(lab(), 'db2', 'db1');
});
afterAll(() => scene.close());

const db2 = () => ({ cluster: scene.cluster, source: 'db2', isPrimary: false });

test('what is committed on the primary meanwhile waits, and comes behind it', async () => {
  const seen = await whileStill(scene.deps, db2(), async () => {
    await lab().rows('db1', 'INSERT INTO shop.still () VALUES ()');
    return lab().value('db2', 'SELECT COUNT(*) FROM shop.still');
  });
  expect(seen).toBe(0);
  await caughtUp(lab(), 'db2', 'db1');
});

test('where somebody starts the applier in the middle, nothing that was seen counts', async () => {
  await expect(
    whileStill(scene.deps, db2(), async () => {
      await lab().rows('db1', 'INSERT INTO shop.still () VALUES ()');
      await lab().rows('db2', 'START REPLICA SQL_THREAD');
      await caughtUp(lab(), 'db2', 'db1');
    }),
  ).rejects.toThrow('db2 committed transactions while it was to stand still');
  expect((await replicaState(lab(), 'db2'))?.applier).toBe('Yes');
});

test('a replica that becomes a primary in the middle need not apply again', async () => {
  const said = await whileStill(scene.deps, db2(), async () => {
    await lab().rows('db2', 'STOP REPLICA');
    await lab().rows('db2', 'RESET REPLICA ALL');
    return 'seen';
  });
  expect([said, await replicaState(lab(), 'db2')]).toEqual(['seen', undefined]);
});
