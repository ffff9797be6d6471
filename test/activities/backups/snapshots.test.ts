import { awaitSnapshots, startDump } from '../../../activities/backups/logical/snapshots';
import { knownInstance, serverAsBackup } from '../../../activities/deps';
import { withClientFile } from '../../../activities/mysql/client-file';
import { withLab } from '../../support/lab';
import { backupScene, type Scene } from './scene';

const lab = withLab({ replicas: 0, router: 'none', durability: 'async' });
let scene: Scene;
beforeAll(async () => {
  scene = await backupScene(lab());
  await lab().rows('db1', 'CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, pad VARCHAR(8000))');
  await lab().rows(
    'db1',
    "INSERT INTO shop.big (pad) SELECT REPEAT('x', 8000) FROM information_schema.COLUMNS LIMIT 1000",
  );
});
afterAll(() => scene.close());

test('snapshots of dumps that last are seen, though somebody looked before they were there', async () => {
  const { cluster, deps } = scene;
  const server = serverAsBackup(deps, cluster, 'db1');
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const login = { cluster, instance: knownInstance(cluster, 'db1'), account };
  await withClientFile(deps, login, async (file) => {
    // Nobody reads what they print, so their transactions stay open.
    const dumps = [1, 2].map(() => startDump(file, ['shop', 'big']));
    try {
      await awaitSnapshots(server, dumps, 10_000);
      expect(dumps.map(({ hasEnded }) => hasEnded())).toEqual([false, false]);
    } finally {
      for (const { output } of dumps) output.destroy();
    }
  });
});
