import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type RunbookReport } from '../../workflows/decisions/report';
import { TASK_QUEUE } from '../../workflows/messages';
import { withLab } from '../support/lab';
import { caughtUp, eventually } from '../support/wait';
import { workersThatDieEverywhere } from './faulty-worker';
import { openPast, type Past } from './past';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async', temporal: true });
let past: Past;
const say = (sql: string) => lab().rows('db1', sql);
const ids = async (table: string) => (await say(`SELECT id FROM shop.${table} ORDER BY id`)).map(({ id }) => id);

/** Everything is archived, and nobody serves the cluster. */
async function alone(): Promise<void> {
  await past.archived();
  await past.stopArchive();
  for (const worker of [...lab().state.workers]) await lab().faults.killWorker(worker);
}

beforeAll(async () => {
  await lab().startWorker();
  past = await openPast(lab());
  for (const table of ['items', 'parts']) {
    await say(`CREATE TABLE shop.${table} (id INT PRIMARY KEY)`);
    await say(`INSERT INTO shop.${table} VALUES (1), (2)`);
  }
  await say('CREATE TRIGGER shop.double BEFORE INSERT ON shop.parts FOR EACH ROW SET NEW.id = NEW.id');
  await caughtUp(lab(), 'db2', 'db1');
  await past.backUp();
  for (const table of ['items', 'parts']) await say(`INSERT INTO shop.${table} VALUES (3)`);
  await say('DROP TABLE shop.parts');
  await say('DELETE FROM shop.items');
}, 300_000);
afterAll(() => past.close());

test('workers die at every point of a restore into the cluster: both tables are back, once, and nothing else is there', async () => {
  await past.archived();
  const dropped = (await past.change('shop.parts', 'drop')).gtid;
  await alone();
  const run = await past.begin({ before: dropped, tables: ['shop.parts', 'shop.items'], into: 'cluster' });
  const agreed = past.agreeing(run);
  const met = await workersThatDieEverywhere(lab(), run, join(lab().folder, 'points'));
  const report = await agreed;
  expect([report.outcome, report.headline]).toEqual(['done', report.headline]);
  const points = ['restore:begin', 'restore:base', 'apply:laid out', 'apply:applied', 'restore:target'];
  expect(met).toEqual(expect.arrayContaining([...points, 'restore:loaded', 'restore:renamed', 'restoreTo:done']));
  expect([await ids('parts'), await ids('items')]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
  const tables = (await say('SHOW TABLES FROM shop')).map((row) => String(Object.values(row)[0])).sort();
  // What nobody had left nothing to keep; what was there is kept once.
  expect(tables.filter((name) => name.includes('__'))).toEqual([expect.stringMatching(/^items__before_/)]);
  expect(report.left).toEqual([
    expect.stringMatching(/items__before_\w+` is `shop`.`items` as it was before/),
    // The account of the lab may not make triggers.
    expect.stringMatching(/^`shop`.`parts` lacks its triggers double, which the account that copies may not make/),
  ]);
  const scratch = join(lab().folder, 'scratch');
  expect(existsSync(scratch) ? readdirSync(scratch) : []).toEqual([]);
}, 590_000);

test('workers die at every point of a purge: what may go is gone, and the lock is free', async () => {
  for (let file = 0; file < 4; file += 1) await say('FLUSH BINARY LOGS');
  await lab().startWorker();
  const archive = await openPast(lab());
  await alone();
  await archive.close();
  await eventually('db2 has it', async () => {
    await caughtUp(lab(), 'db2', 'db1');
    return true;
  });
  const run = await past.client.workflow.start('purgeBinlogs', {
    ...{ workflowId: 'test/purge', taskQueue: TASK_QUEUE, args: [{ cluster: lab().cluster, keep: 1 }] },
  });
  const met = await workersThatDieEverywhere(lab(), run, join(lab().folder, 'purge-points'));
  const report = (await run.result()) as RunbookReport;
  expect([report.outcome, report.left]).toEqual(['done', []]);
  expect(met).toEqual(expect.arrayContaining(['surveyPurge:done', 'purgeTo:called', 'purgeTo:done']));
  expect(await say('SHOW BINARY LOGS')).toHaveLength(1);
  const again = { workflowId: 'test/purge/again', taskQueue: TASK_QUEUE, args: [{ cluster: lab().cluster, keep: 1 }] };
  await lab().startWorker();
  const second = (await past.client.workflow.execute('purgeBinlogs', again)) as RunbookReport;
  expect(second.headline).toMatch(/^Nothing was purged: no binary log may go/);
}, 400_000);
