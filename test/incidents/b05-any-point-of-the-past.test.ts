import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { type RunbookReport } from '../../workflows/decisions/report';
import { progressQuery } from '../../workflows/messages';
import { isAlive } from '../../lab/processes';
import { withLab } from '../support/lab';
import { eventually } from '../support/wait';
import { openPast, type Past } from './past';

const lab = withLab({ replicas: 1, router: 'none', durability: 'async', temporal: true, worker: true });
let past: Past;
/** GTIDs by what they did. */
const did: Record<string, string> = {};
const seconds: Record<string, string> = {};

const now = async () =>
  String(await lab().value('db1', "SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')"));
const amounts = async () =>
  (await lab().rows('db1', 'SELECT id, amount FROM shop.items ORDER BY id')).map(({ id, amount }) => [id, amount]);
const refused = async (input: object) => {
  const run = await past.begin(input);
  const ended: unknown = await run.result().catch((error: unknown) => error);
  if (ended instanceof WorkflowFailedError) return { outcome: 'failed', said: ended.cause?.message ?? '' };
  const { outcome, headline, left } = ended as RunbookReport;
  return { outcome, said: [headline, ...left].join(' ') };
};

/** What a client program finds in the server that was kept; it is stopped and deleted as the report says. */
function lookAndStop(left: readonly string[], sql: string): string {
  const connect = /look into it: mysql (\S+)/.exec(left[0] ?? '')?.[1] ?? '';
  const stop = /it runs until it is stopped: (.*)/.exec(left[1] ?? '')?.[1] ?? '';
  const env = { ...process.env, PATH: `${lab().state.binFolder}:${process.env['PATH'] ?? ''}` };
  const seen = execFileSync(join(lab().state.binFolder, 'mysql'), [connect, '-BN', '-e', sql], { encoding: 'utf8' });
  execFileSync('sh', ['-c', stop], { env });
  return seen.trim().replaceAll('\t', ' ').replaceAll('\n', ', ');
}

beforeAll(async () => {
  past = await openPast(lab());
  const say = (sql: string) => lab().rows('db1', sql);
  await say('CREATE TABLE shop.items (id INT PRIMARY KEY, amount INT, CHECK (amount < 1000))');
  await say('INSERT INTO shop.items VALUES (1, 10), (2, 20)');
  await past.archived();
  did['early'] = (await past.change('shop.items', 'insert')).gtid;
  await eventually('db2 has it', async () => (await lab().value('db2', 'SELECT COUNT(*) FROM shop.items')) === 2);
  did['backup'] = await past.backUp();
  await say('INSERT INTO shop.items VALUES (3, 30)');
  // A clock's tick before and behind the moment.
  await eventually('time goes on', async () => (seconds['first'] ??= await now()) !== (await now()));
  seconds['before the mistake'] = await now();
  await say('UPDATE shop.items SET amount = 0');
  await say('INSERT INTO shop.items VALUES (4, 40)');
  await say('CREATE TABLE shop.keyless (a INT)');
  await say('DELETE FROM shop.items WHERE id IN (1, 4)');
  await past.archived();
  did['update'] = (await past.change('shop.items', 'update')).gtid;
  did['delete'] = (await past.change('shop.items', 'delete')).gtid;
}, 300_000);
afterAll(() => past.close());

test('a moment: it is resolved to the transaction before it and the one behind it, and the server holds just that', async () => {
  const report = await past.restore({ at: seconds['before the mistake'] });
  expect(report.headline).toMatch(/^A server at 127.0.0.1:\d+ on the worker holds all up to /);
  expect(report.plan?.summary).toMatch(
    new RegExp(`:\\d+ of .*Z, the last commit before .*; the next is ${did['update']} of .*Z, into a new server`),
  );
  expect(lookAndStop(report.left, 'SELECT * FROM shop.items; SELECT @@bind_address')).toBe(
    '1 10, 2 20, 3 30, 127.0.0.1',
  );
}, 300_000);

test('everything but one transaction: a person must agree, and what is archived meanwhile does not change the plan', async () => {
  const run = await past.begin({ without: did['update'] });
  const question = await eventually('it asks', async () => (await run.query(progressQuery)).question, 60_000);
  expect(question.because).toEqual([
    `transactions behind ${did['update']} were made with its effect in sight: the result is a state that never was`,
  ]);
  await lab().rows('db1', 'INSERT INTO shop.keyless VALUES (1)');
  await past.archived();
  await run.executeUpdate('approve', { args: [{ by: 'ada@example.com', plan: question.planHash }] });
  const report = (await run.result()) as RunbookReport;
  expect([report.outcome, report.headline]).toEqual(['done', report.headline]);
  expect(report.approvals).toHaveLength(1);
  expect(lookAndStop(report.left, 'SELECT * FROM shop.items; SELECT COUNT(*) FROM shop.keyless')).toBe('2 20, 3 30, 0');
}, 300_000);

test('a table as a file, and some of its rows as a file', async () => {
  const whole = await past.restore({ to: did['update'], tables: ['shop.items'], into: 'file' });
  const path = /^In (\S+): as of /.exec(whole.headline)?.[1] ?? whole.headline;
  expect(readFileSync(path, 'utf8')).toMatch(/CREATE TABLE `items`[\s\S]*VALUES \(1,0\),\(2,0\),\(3,0\);/);
  const where = { where: 'id > 2', tables: ['shop.items'], into: 'file' };
  const some = await past.restore({ before: did['update'], ...where });
  const rows = readFileSync(/^In (\S+): as of /.exec(some.headline)?.[1] ?? '', 'utf8');
  expect(rows).toMatch(/INSERT INTO `items` \(`id`, `amount`\) VALUES \(3,30\);/);
  expect(rows).not.toMatch(/CREATE TABLE/);
}, 300_000);

test('rows that were deleted come back beside those that are there, by approval', async () => {
  const asked: string[] = [];
  const rows = { where: 'id IN (1, 2, 4)', tables: ['shop.items'], into: 'cluster' };
  const report = await past.restore({ before: did['delete'], ...rows }, asked);
  expect(report).toMatchObject({ outcome: 'done', left: [] });
  expect(asked).toEqual([
    expect.stringMatching(/restore rows of shop.items to .*, into db1, where rows that are there stay/),
  ]);
  expect(await amounts()).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 40],
  ]);
  const keyless = { where: 'a = 1', tables: ['shop.keyless'], into: 'cluster' };
  expect((await past.restore({ before: did['delete'], ...keyless })).headline).toMatch(
    /^Not restored: shop.keyless has no key by which its rows could be told apart/,
  );
}, 300_000);

test('a table goes back into the cluster by approval, and what was there is kept', async () => {
  const asked: string[] = [];
  const report = await past.restore({ before: did['update'], tables: ['shop.items'], into: 'cluster' }, asked);
  expect(report.outcome).toBe('done');
  expect(asked).toEqual([expect.stringMatching(/writes since then stay only in the tables kept aside/)]);
  expect(await amounts()).toEqual([
    [1, 10],
    [2, 20],
    [3, 30],
  ]);
  const [kept] = await lab().rows('db1', "SHOW TABLES FROM shop LIKE 'items\\_\\_before%'");
  expect(report.left).toEqual([expect.stringContaining(String(Object.values(kept ?? {})[0]))]);
  expect(await lab().value('db1', `SELECT SUM(amount) FROM shop.${String(Object.values(kept ?? {})[0])}`)).toBe('40');
}, 300_000);

test.each([
  [
    'before the archive',
    { at: '2020-01-01T00:00:00Z' },
    /the archive of orders begins at .*Z, and knows nothing of 2020-01-01T00:00:00Z\. Choose a later moment/,
  ],
  ['to come', { at: '2099-01-01T00:00:00Z' }, /2099-01-01T00:00:00Z is still to come\. Name a moment of the past/],
  [
    'unknown',
    { to: '3e11fa47-71ca-11e1-9e33-c80aa9429562:23' },
    /:23 is not in the archive of orders\. Find the transaction: runbook archive find orders/,
  ],
  [
    'no table',
    { to: '3e11fa47-71ca-11e1-9e33-c80aa9429562:23', tables: ['items'], into: 'file' },
    /expected schema.table, for example "shop.orders"/,
  ],
  [
    'rows of a server',
    { to: '3e11fa47-71ca-11e1-9e33-c80aa9429562:23', where: 'a = 1' },
    /"where": expected one table in "tables"/,
  ],
])('what cannot be restored is refused with the cure: %s', async (_what, input, words) => {
  expect((await refused(input)).said).toMatch(words);
});

test('a backup that is younger than the target is no base', async () => {
  const { outcome, said } = await refused({ before: did['early'] });
  expect({ outcome, said }).toEqual({
    outcome: 'refused',
    said: expect.stringMatching(
      /no usable backup that lies before the target \(1 in the store\) choose a later target/,
    ) as string,
  });
});

test('a worker that dies while its server is being kept leaves one server, and the next worker hands it over', async () => {
  for (const worker of [...lab().state.workers]) await lab().faults.killWorker(worker);
  const run = await past.begin({ to: did['update'] });
  for (const point of ['restore:moved', 'restore:kept']) {
    const dying = await lab().startWorker({ faultAt: point });
    await eventually(`it dies at ${point}`, () => !isAlive(dying), 120_000);
    await lab().faults.killWorker(dying);
  }
  await lab().startWorker();
  const { outcome, left } = (await run.result()) as RunbookReport;
  expect(outcome).toBe('done');
  const servers = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((words) => words.includes(join(lab().folder, 'scratch')));
  expect(servers).toHaveLength(1);
  expect(lookAndStop(left, 'SELECT * FROM shop.items')).toBe('1 0, 2 0, 3 0');
}, 400_000);
