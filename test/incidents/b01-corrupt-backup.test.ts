import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { placesOf } from '../../activities/backups/places';
import { takeLogical } from '../../activities/backups/logical/take';
import { proveBackup, type Proved } from '../../activities/backups/prove/prove';
import { type BackupManifest, manifestKey } from '../../workflows/decisions/backups/manifest';
import { backupScene, type Scene } from '../activities/backups/scene';
import { withLab } from '../support/lab';
import { replicaState } from '../support/wait';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
const SEALED = { keys: [{ id: 'k1', key: { env: 'B01_KEY' } }] };

beforeAll(async () => {
  process.env['B01_KEY'] = randomBytes(32).toString('base64');
  const run = (sql: string) => lab().rows('db1', sql);
  for (const table of ['stock', 'customers']) {
    await run(`CREATE TABLE shop.${table} (id INT AUTO_INCREMENT PRIMARY KEY, pad VARCHAR(200))`);
    await run(
      `INSERT INTO shop.${table} (pad) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT REPEAT('x', 150) FROM n`,
    );
  }
});

describe.each([['sealed', SEALED] as const, ['only compressed', undefined] as const])('%s', (how, encryption) => {
  const id = `20261121T000000Z-${how.slice(0, 4)}`;
  let scene: Scene;
  let folder = '';
  let manifest: BackupManifest;
  const path = (key: string) => join(folder, key);
  const fileOf = (table: string) => manifest.files.find((file) => file.table === table)!;
  const prove = (): Promise<Proved> =>
    proveBackup(scene.deps, { cluster: scene.cluster, source: 'db2', isPrimary: false, id, run: `b01-${Date.now()}` });
  const rewrite = (changed: Partial<BackupManifest>) =>
    writeFileSync(path(manifestKey('orders', id)), JSON.stringify({ ...manifest, ...changed }));
  const said = ({ checks }: Proved) =>
    checks.filter(({ verdict }) => verdict === 'failed').map(({ name, detail }) => `${name}: ${detail}`);

  beforeAll(async () => {
    scene = await backupScene(lab(), encryption && { encryption });
    folder = (scene.cluster.backups.store as { path: string }).path;
    await takeLogical(scene.deps, {
      cluster: scene.cluster,
      source: 'db2',
      isPrimary: false,
      id,
      startedAt: '2026-11-21T00:00:00Z',
    });
    manifest = JSON.parse(readFileSync(path(manifestKey('orders', id)), 'utf8')) as BackupManifest;
    cpSync(path(`orders/backups/${id}`), join(lab().folder, `kept-${how}`), { recursive: true });
  }, 120_000);
  afterEach(() => {
    rmSync(path(`orders/backups/${id}`), { recursive: true });
    cpSync(join(lab().folder, `kept-${how}`), path(`orders/backups/${id}`), { recursive: true });
    expect(readdirSync(scene.scratch.folder)).toEqual([]);
  });
  afterAll(() => scene.close());

  test('a good one is proven while clients write, and the replica goes on', async () => {
    const stop = { now: false };
    const writing = (async () => {
      while (!stop.now) await lab().rows('db1', "INSERT INTO shop.stock (pad) VALUES ('later')");
    })();
    const proved = await prove().finally(() => (stop.now = true));
    await writing;
    expect([said(proved), proved.verdict]).toEqual([[], 'proven']);
    expect(proved.checks.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      ...['restored passed', 'tables and rows passed', 'CHECK TABLE passed', 'point in time skipped'],
      ...['replicates passed', 'equal sums passed'],
    ]);
    expect(proved.restoreMs).toBeGreaterThan(0);
    expect((await replicaState(lab(), 'db2'))?.applier).toBe('Yes');
  }, 120_000);

  test('flipped bytes', async () => {
    const at = path(fileOf('stock').key);
    const bytes = readFileSync(at);
    const middle = bytes.length >> 1;
    bytes[middle] = bytes[middle]! ^ 0x40;
    writeFileSync(at, bytes);
    const proved = await prove();
    expect(proved.verdict).toBe('failed');
    expect(said(proved).join()).toMatch(/^restored: .*stock\.sql\.zst.* is damaged: /);
  }, 120_000);

  test('a file that lost its end in the store', async () => {
    const { key, bytes } = fileOf('customers');
    truncateSync(path(key), bytes - 40);
    expect(said(await prove()).join()).toMatch(/^restored: .*customers.* is damaged: /);
  }, 120_000);

  test('a dump that was short before it was sealed: whole in the store, and rows are missing', async () => {
    const { store, sealing } = await placesOf(scene.deps, scene.cluster);
    const file = fileOf('stock');
    const text = String(await buffer(sealing.unseal(file.key, await store.get(file.key))));
    const short = text.replace(/INSERT INTO [^;]*;\n/, (all) => `${all.slice(0, all.indexOf('),(') + 1)};\n`);
    expect(short.length).toBeLessThan(text.length);
    const stored = await store.put(file.key, sealing.seal(Readable.from([Buffer.from(short)])));
    rewrite({ files: manifest.files.map((one) => (one.key === file.key ? { ...one, ...stored } : one)) });
    expect(said(await prove())[0]).toMatch(/^tables and rows: shop.stock has 1 rows instead of \d+$/);
  }, 120_000);

  test('one table missing: never dumped, or its file is gone', async () => {
    rewrite({ files: manifest.files.filter(({ table }) => table !== 'customers') });
    expect(said(await prove())[0]).toBe('tables and rows: shop.customers is missing');
    rewrite({});
    rmSync(path(fileOf('customers').key));
    expect(said(await prove()).join()).toMatch(/^restored: .* has no file .*customers/);
  }, 120_000);
});

test('what a worker that died in the middle has left is cleared away by the next', async () => {
  const scene = await backupScene(lab());
  const left = join(scene.scratch.folder, 'scratch-left');
  mkdirSync(join(left, 'data'), { recursive: true });
  writeFileSync(join(left, 'owner.json'), JSON.stringify({ pid: 999_999_999, began: '1', sockets: '' }));
  const id = readdirSync(join(lab().folder, 'backups/orders/backups'))[0]!;
  await proveBackup(scene.deps, { cluster: scene.cluster, source: 'db2', isPrimary: false, id, run: 'b01-left' }).catch(
    () => undefined,
  );
  expect(existsSync(left)).toBe(false);
  await scene.close();
}, 120_000);
