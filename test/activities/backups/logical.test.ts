import { readdirSync } from 'node:fs';
import { takeLogical } from '../../../activities/backups/logical/take';
import { findBackup } from '../../../activities/backups/catalogue';
import { placesOf } from '../../../activities/backups/places';
import { loadBackup } from '../../../activities/backups/restore/load';
import { startScratch } from '../../../activities/backups/scratch/scratch';
import { withLab } from '../../support/lab';
import { caughtUp, replicaState } from '../../support/wait';
import { backupScene, type Scene } from './scene';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
let scene: Scene;
beforeAll(async () => {
  scene = await backupScene(lab(), { parallel: 3 });
  const run = (sql: string) => lab().rows('db1', sql);
  await run('CREATE DATABASE `odd-db.x`');
  await run(
    "CREATE TABLE `odd-db.x`.`t``1` (id INT PRIMARY KEY COMMENT 'a\\n-- Table structure', b BLOB, g INT AS (id + 1), j JSON)",
  );
  await run("INSERT INTO `odd-db.x`.`t``1` (id, b, j) VALUES (1, X'000A0D27FF5C', '{\"ä\": [1]}')");
  await run('CREATE TABLE shop.a (id INT PRIMARY KEY AUTO_INCREMENT, n INT)');
  await run('CREATE TABLE shop.b LIKE shop.a');
  await run(
    'CREATE TABLE shop.large (id INT PRIMARY KEY AUTO_INCREMENT, a INT, note VARCHAR(255), UNIQUE KEY u (id, a), KEY `a``b` (a DESC), KEY n (note(20)) COMMENT \'x, "y"\')',
  );
  await run("INSERT INTO shop.large (a, note) VALUES (1, REPEAT('x', 250))");
  for (let doubled = 1; doubled < 32_768; doubled *= 2)
    await run('INSERT INTO shop.large (a, note) SELECT id, REPEAT(HEX(id), 40) FROM shop.large');
  await run('ANALYZE TABLE shop.large');
  await run('CREATE FUNCTION shop.f() RETURNS INT DETERMINISTIC RETURN 1');
  await run('CREATE VIEW shop.v AS SELECT a.id, shop.f() AS f FROM shop.a JOIN `odd-db.x`.`t``1` t ON t.id = a.id');
  await run('CREATE TRIGGER shop.tg BEFORE INSERT ON shop.a FOR EACH ROW SET NEW.n = IFNULL(NEW.n, 7)');
  await run('CREATE EVENT shop.e ON SCHEDULE EVERY 1 SECOND DISABLE DO INSERT INTO shop.a (n) VALUES (99)');
  await caughtUp(lab(), 'db2', 'db1');
});
afterAll(() => scene.close());

test('a backup taken under load is one moment of the cluster, and comes back as it was', async () => {
  const stop = { now: false };
  const writing = (async () => {
    for (let n = 0; !stop.now; n += 1)
      await lab().rows('db1', `INSERT INTO shop.${n % 2 === 0 ? 'a' : 'b'} (n) VALUES (${n})`);
  })();
  const order = {
    cluster: scene.cluster,
    source: 'db2',
    isPrimary: false,
    id: '20261121T000000Z-test',
    startedAt: new Date().toISOString(),
  };
  const taken = await takeLogical(scene.deps, order);
  stop.now = true;
  await writing;
  expect((await replicaState(lab(), 'db2'))?.applier).toBe('Yes');
  expect(taken.stillMs).toBeLessThan(30_000);
  expect(await takeLogical(scene.deps, order)).toMatchObject({ rows: taken.rows, stillMs: null });

  const { store, sealing } = await placesOf(scene.deps, scene.cluster);
  const { manifest } = await findBackup(store, scene.cluster.name, null);
  expect(manifest).toMatchObject({
    id: order.id,
    source: 'db2',
    serverVersion: lab().state.mysqlVersion,
    gtidExecuted: taken.gtidExecuted,
  });
  const rowsIn = (name: string) => manifest.tables.find((table) => table.name === name)?.rows ?? -1;
  // One row after the other, now here, now there: any other moment would differ by more.
  expect(Math.abs(rowsIn('a') - rowsIn('b'))).toBeLessThanOrEqual(1);

  const scratch = await startScratch(scene.scratch, { name: 'one', settings: manifest.settings });
  try {
    await loadBackup({ store, sealing, manifest, parallel: 3, accounts: 'locked', progress: () => undefined }, scratch);
    expect(String(await scratch.mysql.value('SELECT @@global.gtid_executed')).replaceAll('\n', '')).toBe(
      manifest.gtidExecuted,
    );
    const sum = (server: 'scratch' | 'db2', table: string) =>
      server === 'scratch'
        ? scratch.mysql.rows(`CHECKSUM TABLE ${table}`)
        : lab().rows('db2', `CHECKSUM TABLE ${table}`);
    const odd = '`odd-db.x`.`t``1`';
    const large = await scratch.mysql.rows<Record<string, string>>('SHOW CREATE TABLE shop.large');
    const itsLarge = await lab().rows('db2', 'SHOW CREATE TABLE shop.large');
    expect(Object.values(large[0] ?? {})).toEqual(Object.values(itsLarge[0] ?? {}));
    expect(manifest.files.filter(({ table }) => table === 'large').map(({ part }) => part)).toEqual(['table', 'rows']);
    expect(await sum('scratch', 'shop.large')).toEqual(await sum('db2', 'shop.large'));
    expect(await scratch.mysql.rows("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'")).toMatchObject([
      { Value: 'ON' },
    ]);
    expect(await sum('scratch', odd)).toEqual(await sum('db2', odd));
    expect(await scratch.mysql.value('SELECT COUNT(*) FROM shop.a')).toBe(rowsIn('a'));
    expect(await scratch.mysql.value('SELECT f FROM shop.v')).toBe(1);
    expect(await scratch.mysql.value('SELECT @@global.event_scheduler')).toBe('OFF');
    await scratch.mysql.run('INSERT INTO shop.a (id) VALUES (1000000)');
    expect(await scratch.mysql.value('SELECT n FROM shop.a WHERE id = 1000000')).toBe(7);
  } finally {
    await scratch.destroy();
  }
  expect(readdirSync(scene.scratch.folder)).toEqual([]);
  await caughtUp(lab(), 'db2', 'db1');
}, 180_000);
