import { join } from 'node:path';
import { openStore } from '../../activities/backups/store/open';
import { loadInventory } from '../../activities/inventory/inventory';
import { verificationKey } from '../../workflows/decisions/backups/manifest';
import { TASK_QUEUE } from '../../workflows/messages';
import { type RunbookReport } from '../../workflows/decisions/report';
import { withLab } from '../support/lab';
import { caughtUp } from '../support/wait';
import { editInventory } from './drilling';
import { openPast, type Past } from './past';

const lab = withLab({
  replicas: 2,
  delayed: { db3: 3600 },
  router: 'none',
  durability: 'async',
  temporal: true,
  worker: true,
});
let past: Past;

const logs = async (server: string) => (await lab().rows(server, 'SHOW BINARY LOGS')).length;
let written = 0;
/** A few transactions, each in a binary log of its own. */
async function write(files: number): Promise<void> {
  for (const upTo = written + files; written < upTo; written += 1) {
    await lab().rows('db1', 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (1, ?, @@server_uuid)', [
      written,
    ]);
    await lab().rows('db1', 'FLUSH BINARY LOGS');
  }
}
/** As verifyBackup writes it. */
async function callBroken(backup: string): Promise<void> {
  const store = await openStore({ kind: 'folder', path: join(lab().folder, 'backups') }, () => Promise.resolve(''));
  const said = {
    version: 1,
    backup,
    run: 'b08',
    at: new Date().toISOString(),
    verdict: 'failed',
    because: 'a row differs',
  };
  const measured = { restoreMs: null, bytes: 1, rows: 1, checks: [] };
  await store.writeText(verificationKey(lab().cluster, backup), JSON.stringify({ ...said, ...measured }));
}
let runs = 0;
const purge = async (input: object = {}) => {
  runs += 1;
  const run = { workflowId: `test/purge/${runs}`, taskQueue: TASK_QUEUE };
  const args = [{ cluster: lab().cluster, keep: 1, ...input }];
  return (await past.client.workflow.execute('purgeBinlogs', { ...run, args })) as RunbookReport;
};

beforeAll(async () => {
  past = await openPast(lab());
  await write(3);
  await past.archived();
}, 120_000);
afterAll(() => past.close());

test('each who still needs binary logs holds them back by name; when nobody does, they go', async () => {
  // A delayed replica has received them, and that does not count: its relay log can be lost.
  await caughtUp(lab(), 'db2', 'db1');
  const held = await purge();
  expect(held.headline).toMatch(/db3 still needs \d+ transactions/);
  expect(held.headline).not.toMatch(/db2|archive/);

  await lab().rows('db3', 'STOP REPLICA SQL_THREAD');
  await lab().rows('db3', 'CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 0');
  await lab().rows('db3', 'START REPLICA SQL_THREAD');
  await caughtUp(lab(), 'db3', 'db1');
  await lab().rows('db2', 'STOP REPLICA');
  await write(2);
  await past.archived();
  await caughtUp(lab(), 'db3', 'db1');
  const before = await logs('db1');
  const part = await purge();
  expect(part.outcome).toBe('done');
  expect(part.headline).toMatch(/binary logs may go from \d members; db2 still needs \d+ transactions/);
  expect(await logs('db1')).toBeLessThan(before);
  expect(await logs('db1')).toBeGreaterThan(2);

  await lab().rows('db2', 'START REPLICA');
  await caughtUp(lab(), 'db2', 'db1');
  expect((await purge({ dryRun: true })).outcome).toBe('planned');
  const all = await purge();
  expect(all).toMatchObject({ outcome: 'done', left: [] });
  expect(await logs('db1')).toBe(1);
  expect((await purge()).headline).toMatch(/^Nothing was purged: no binary log may go/);
}, 300_000);

test('without an archive the promise of backups holds them back, but not that of one whose proof failed', async () => {
  const promise = (promisedDays: number | null) =>
    editInventory(lab(), ({ clusters }) => {
      const backups = clusters[lab().cluster]!['backups'] as Record<string, unknown>;
      backups['retention'] = { promisedDays: promisedDays ?? 7 };
      if (promisedDays !== null) delete backups['archive'];
      else backups['archive'] = archive;
    });
  const caught = async () => {
    for (const replica of ['db2', 'db3']) await caughtUp(lab(), replica, 'db1');
  };
  const { archive } = (await loadInventory(lab().inventoryPath)).clusters[0]?.backups ?? {};
  try {
    await write(2);
    await caught();
    promise(7);
    expect((await purge()).headline).toMatch(/the promise to restore may need all of it: there is no backup yet/);

    const first = await past.backUp();
    await write(3);
    await caught();
    const second = await past.backUp();
    await write(2);
    await caught();
    const held = await purge();
    expect(held.outcome).toBe('done');
    const still = (id: string) =>
      `the promise to restore any second of 7 days from backup ${id} still needs 1 transactions`;
    expect(held.headline).toContain(still(first));
    expect(await logs('db1')).toBe(6);

    await callBroken(first);
    expect((await purge()).headline).toContain(still(second));
    expect(await logs('db1')).toBe(3);
    promise(0);
    expect((await purge()).headline).not.toMatch(/promise/);
    expect(await logs('db1')).toBe(1);
  } finally {
    promise(null);
  }
  await past.archived();
}, 300_000);

test('an archive that stands still holds back what it lacks, and a member that is away holds back everything', async () => {
  await past.stopArchive();
  await write(3);
  for (const replica of ['db2', 'db3']) await caughtUp(lab(), replica, 'db1');
  expect((await purge()).headline).toMatch(/the archive still needs \d+ transactions/);
  await lab().faults.kill('db3');
  expect((await purge()).headline).toMatch(/^Nothing was purged: .*db3 may need all of it: it cannot be read \(/);
}, 300_000);
