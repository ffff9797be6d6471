import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type ArchiveDetails } from '../../activities/archive/archive';
import { openShelf } from '../../activities/archive/shelf';
import { findCluster, loadInventory } from '../../activities/inventory/inventory';
import { scanFile } from '../../activities/archive/binlog/scan';
import { findZstd } from '../../lab/programs/zstd';
import { activityContext } from '../../workers/context';
import { made } from '../archive/made-files';
import { compileCli, type Ended, runbook } from '../cli/compiled';
import { eventually } from '../support/wait';
import { Stage } from './stage';

/** The command line as people type it, on a real Temporal, with an archiver that says what a test gives it to say. */
const stage = new Stage();
let compiled: string;
let cwd: string;
beforeAll(async () => {
  compiled = compileCli();
  cwd = mkdtempSync(join(tmpdir(), 'runbook-cwd-'));
  await stage.open();
});
afterAll(async () => {
  await stage.close();
  for (const folder of [compiled, cwd]) rmSync(folder, { recursive: true });
});

const type = (line: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  runbook(compiled, line.split(' '), { cwd, env: { TEMPORAL_ADDRESS: stage.address, ...env } });

const details: ArchiveDetails = {
  ...{ archiver: 'here:7', state: 'copies from db2', source: 'db2', filesWaiting: 1, missing: 0, troubles: [] },
  ...{ newestAt: '2026-11-22T03:00:00.000Z', currentAt: '2026-11-22T03:00:01.000Z' },
};

function archived(saying: () => ArchiveDetails): string {
  const archiveBinlogs = async () => {
    const beating = setInterval(() => activityContext.heartbeat(saying()), 50);
    await new Promise((resolve) => activityContext.cancelled().addEventListener('abort', resolve));
    clearInterval(beating);
    activityContext.cancelled().throwIfAborted();
    return { troubles: [] };
  };
  return stage.put({ acts: { archiveBinlogs } }).cluster;
}

test('archive: started once however often it is started, seen, stopped, and seen to be stopped', async () => {
  const said = { troubles: [] as string[] };
  const cluster = archived(() => ({ ...details, ...said }));
  expect(await type(`archive status ${cluster}`)).toEqual({
    ...{ code: 1, stderr: '' },
    stdout: `${cluster} is not archived. Start it: runbook archive start ${cluster}\n`,
  });
  expect((await type(`archive stop ${cluster}`)).stdout).toBe(`${cluster} was not archived.\n`);

  const begun = await type(`archive start ${cluster}`);
  expect([begun.code, begun.stdout.split('\n')[0]]).toEqual([0, `The binary logs of ${cluster} are archived.`]);
  const again = await type(`archive start ${cluster} --json`);
  expect([again.code, JSON.parse(again.stdout)]).toMatchObject([
    0,
    { cluster, workflowId: `cluster/${cluster}/archive` },
  ]);

  const words = await eventually('the archiver has spoken', async () => {
    const status = await type(`archive status ${cluster}`);
    return status.code === 0 && status.stdout;
  });
  expect(words).toBe(
    [
      `${cluster} is archived by here:7: copies from db2`,
      '  newest transaction archived: 2026-11-22T03:00:00.000Z',
      '  complete at: 2026-11-22T03:00:01.000Z',
      '  files that wait for the store: 1',
      '  transactions in gaps: 0',
      '',
    ].join('\n'),
  );
  said.troubles = ['the store is full'];
  const troubled = await eventually('it has a trouble', async () => {
    const status = await type(`archive status ${cluster} --json`);
    return status.code === 1 && (JSON.parse(status.stdout) as { details: ArchiveDetails });
  });
  expect(troubled).toMatchObject({
    cluster,
    archived: true,
    details: { source: 'db2', troubles: ['the store is full'] },
  });
  expect((await type(`archive status ${cluster}`)).stdout).toMatch(/\n {2}trouble: the store is full\n$/);

  expect(await type(`archive stop ${cluster}`)).toEqual({
    ...{ code: 0, stderr: '' },
    stdout: `The binary logs of ${cluster} are no longer archived.\n`,
  });
  const over = await type(`archive status ${cluster} --json`);
  expect([over.code, JSON.parse(over.stdout)]).toEqual([1, { cluster, archived: false, details: null }]);
}, 60_000);

test('archive find: what was done to a table, and the restore that would undo it', async () => {
  const zstd = { RUNBOOK_ZSTD: await findZstd() };
  Object.assign(process.env, zstd);
  const [store, path] = [join(cwd, 'store'), join(cwd, 'one.binlog')];
  mkdirSync(store);
  const account = '{ user: a, password: { env: A } }';
  writeFileSync(
    join(cwd, 'fleet.yaml'),
    `clusters: { orders: { durability: async, instances: [{ name: db1, host: 10.0.0.11, port: 3306 }], accounts: { admin: ${account}, replication: ${account} }, backups: { store: { kind: folder, path: ${store} } } } }\n`,
  );
  const cluster = findCluster(await loadInventory(join(cwd, 'fleet.yaml')), 'orders');
  const uuid = 'f0000001-1111-2222-3333-4444444444c1';
  const { bytes } = made([{ uuid, tag: '', number: 23, ends: 'ddl', rows: 0 }], true);
  writeFileSync(path, bytes);
  const shelf = await openShelf({ secret: () => Promise.resolve('') }, cluster);
  const { gtids, transactions, firstMs, lastMs } = await scanFile(Readable.from([bytes]));
  await shelf.keep({
    ...{ name: '20231114T221320', path, gtids, transactions, firstMs, lastMs, bytes: bytes.length },
    ...{ origin: { name: 'db2', uuid, serverVersion: '9.7.4' }, closedMs: 1_700_000_001_000, stored: false },
  });
  const line =
    'archive find orders --table shop.orders --kind drop --from 2023-11-14T00:00:00Z --to 2023-11-15T00:00:00Z';
  const { code, stdout } = await type(line, zstd);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`2023-11-14 22:13:20.*drop +shop.orders +${uuid}:23 +DROP TABLE .orders.`));
  expect(stdout).toMatch(
    /\nSearched 2023-11-14 00:00:00 to 2023-11-15 00:00:00 \(UTC\)\. The store reaches to 2023-11-14 22:13:20\.\n/,
  );
  expect(stdout).toContain(
    `runbook plan restoreToPoint --cluster orders --input '{"before": "${uuid}:23", "tables": ["shop.orders"], "into": "cluster"}'`,
  );
  for (const word of ['start', 'stop', 'status'])
    expect(await type(`archive ${word} ordres`)).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringMatching(/\(did you mean "orders"\?\)/) as string,
    });
  expect((await type('archive start orders')).stderr).toMatch(
    /^runbook: orders has no backups\.archive in the inventory, so its binary logs are not archived\. Add archive: /,
  );
  expect(JSON.parse((await type(`${line} --json`, zstd)).stdout)).toMatchObject([
    { kind: 'drop', schema: 'shop', table: 'orders', gtid: `${uuid}:23` },
  ]);
}, 60_000);
