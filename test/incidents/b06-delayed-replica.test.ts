import { join } from 'node:path';
import { type RunbookReport } from '../../workflows/decisions/report';
import { withLab } from '../support/lab';
import { eventually } from '../support/wait';
import { workersThatDieEverywhere } from './faulty-worker';
import { openPast, type Past } from './past';

const DELAY = 3600;
const lab = withLab({ replicas: 2, delayed: { db3: DELAY }, router: 'none', durability: 'async', temporal: true });
let past: Past;
const say = (sql: string) => lab().rows('db1', sql);

const delayed = async () => {
  const [row] = await lab().rows('db3', 'SHOW REPLICA STATUS');
  return { delay: row?.['SQL_Delay'], applier: row?.['Replica_SQL_Running'], receiver: row?.['Replica_IO_Running'] };
};
const ids = async (server: string) =>
  (await lab().rows(server, 'SELECT id FROM shop.items ORDER BY id')).map(({ id }) => id);
const received = (gtid: string) =>
  eventually(
    'db3 has received it',
    async () =>
      (await lab().value(
        'db3',
        'SELECT GTID_SUBSET(?, received_transaction_set) FROM performance_schema.replication_connection_status',
        [gtid],
      )) === 1,
  );

/** A table with rows that db3 does not have yet, and a mistake. Returns the mistake's GTID. */
async function mistake(statement: string): Promise<string> {
  await say('CREATE TABLE shop.items (id INT PRIMARY KEY)');
  await say('INSERT INTO shop.items VALUES (1), (2), (3)');
  await say(statement);
  await say('CREATE TABLE IF NOT EXISTS shop.others (id INT PRIMARY KEY)');
  await past.archived();
  const { gtid } = await past.change('shop.items', statement.startsWith('DROP') ? 'drop' : 'delete');
  await received(gtid);
  return gtid;
}

beforeAll(async () => {
  await lab().startWorker();
  past = await openPast(lab());
}, 300_000);
afterAll(() => past.close());

test('a delayed replica is stopped right before the DROP, gives the table back without a backup, and waits as before', async () => {
  const dropped = await mistake('DROP TABLE shop.items');
  const asked: string[] = [];
  const report = await past.restore({ before: dropped, tables: ['shop.items'], into: 'cluster' }, asked);
  expect(report).toMatchObject({ outcome: 'done', left: [] });
  expect(report.plan?.lines).toEqual([
    expect.stringMatching(
      new RegExp(
        `^from db3, which waits 3600 s: it applies \\d+ transactions at once, and is stopped right before ${dropped}$`,
      ),
    ),
    'then it waits 3600 s again',
    expect.stringMatching(/^by itself it would apply it at .*Z: agree before$/),
    expect.stringMatching(/^all of it: /),
  ]);
  expect(report.steps.map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      'Stop the delayed replica right before the target',
      'Copy the tables of the delayed replica',
      'Let the delayed replica wait as before',
    ]),
  );
  expect(await ids('db1')).toEqual([1, 2, 3]);
  expect(await ids('db3')).toEqual([1, 2, 3]);
  expect(await delayed()).toEqual({ delay: DELAY, applier: 'Yes', receiver: 'Yes' });
}, 300_000);

test('one that a person stopped altogether keeps its relay log, and is stopped afterwards', async () => {
  await say('DROP TABLE shop.items');
  const deleted = await mistake('DELETE FROM shop.items WHERE id < 3');
  await lab().rows('db3', 'STOP REPLICA');
  const rows = { where: 'id = 2', tables: ['shop.items'], into: 'cluster' };
  const report = await past.restore({ before: deleted, ...rows });
  expect(report).toMatchObject({ outcome: 'done', left: [] });
  expect(await ids('db1')).toEqual([2, 3]);
  expect(await delayed()).toEqual({ delay: DELAY, applier: 'No', receiver: 'No' });
  await lab().rows('db3', 'START REPLICA');
}, 300_000);

test('workers that die at every point of it leave a delayed replica that waits as before', async () => {
  await say('DROP TABLE shop.items');
  const deleted = await mistake('DELETE FROM shop.items WHERE id < 3');
  await past.stopArchive();
  for (const worker of [...lab().state.workers]) await lab().faults.killWorker(worker);
  const run = await past.begin({ before: deleted, tables: ['shop.items'], into: 'file' });
  const met = await workersThatDieEverywhere(lab(), run, join(lab().folder, 'points'));
  const report = (await run.result()) as RunbookReport;
  expect(report).toMatchObject({ outcome: 'done', left: [] });
  expect(met).toEqual(
    expect.arrayContaining(['delayed:stopped', 'delayed:at once', 'delayed:copied', 'delayed:waits', 'restore:target']),
  );
  expect(await delayed()).toEqual({ delay: DELAY, applier: 'Yes', receiver: 'Yes' });
}, 600_000);
