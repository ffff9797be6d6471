import { readFileSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { open } from '../../../lab/sql';
import { passwordOf, rootDoor } from '../../../lab/state';
import { isAlive } from '../../../lab/processes';
import { writersOf } from '../../../lab/haproxy';
import { type RunbookReport } from '../../../workflows/decisions/report';
import { withLab } from '../../support/lab';
import { caughtUp, eventually, replicaState } from '../../support/wait';
import { standOf, type Steps, stepsOn } from './steps';

const lab = withLab({});
let steps: Steps;
beforeAll(async () => {
  steps = await stepsOn(lab());
});
afterAll(() => steps.close());

let sequence = 0;
const write = async (server: string, rows = 1): Promise<number> => {
  for (let row = 0; row < rows; row += 1)
    await lab().rows(server, 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (7, ?, @@server_uuid)', [
      (sequence += 1),
    ]);
  return sequence;
};
const has = async (server: string, row: number): Promise<boolean> =>
  (await lab().value(server, 'SELECT COUNT(*) FROM shop.orders WHERE writer = 7 AND sequence = ?', [row])) === 1;
const order = () => ({ cluster: steps.cluster });

test('a replica with a backlog keeps its relay log when it is repointed to a source that lacks those transactions', async () => {
  await write('db1');
  await caughtUp(lab(), 'db2', 'db1');
  await lab().rows('db2', 'STOP REPLICA IO_THREAD');
  const locked = await open(rootDoor(lab().state, lab().server('db3')));
  await locked.query('LOCK TABLES shop.orders READ'); // a write lock is refused on a server that is super_read_only
  const last = await write('db1', 20);
  await eventually('db3 has received all', async () => {
    const [status] = await lab().rows('db3', 'SHOW REPLICA STATUS');
    const executed = String(await lab().value('db1', 'SELECT @@global.gtid_executed'));
    return (
      (await lab().value('db3', 'SELECT GTID_SUBSET(?, CONCAT(?, ",", ?))', [
        executed,
        String(status?.['Executed_Gtid_Set']),
        String(status?.['Retrieved_Gtid_Set']),
      ])) === 1
    );
  });

  // It also stands still behind the lock, so the change is made while the applier is in the middle of a transaction.
  const { result, died } = await steps.dyingEverywhere((activities) =>
    activities.repointReplica({ ...order(), replica: 'db3', source: 'db2' }),
  );
  expect(result.result).toBe('already');
  expect(died).toEqual(['repoint:changed']);
  expect(await replicaState(lab(), 'db3')).toMatchObject({ source: 'db2', applier: 'Yes' });
  locked.destroy();
  await eventually('db3 has applied its backlog', () => has('db3', last));
  expect(await has('db2', last)).toBe(false);

  await lab().rows('db2', 'START REPLICA IO_THREAD');
  await steps.activities.repointReplica({ ...order(), replica: 'db3', source: 'db1' });
  await caughtUp(lab(), 'db2', 'db1');
});

test('fenceOldPrimary dies at each of its points: in the end no router leads anywhere and every receiver stands still', async () => {
  lab().faults.hang('db1');
  const fence = { ...order(), oldPrimary: 'db1', answered: false };
  const { result, died } = await steps.dyingEverywhere((activities) => activities.fenceOldPrimary(fence));
  expect(died).toEqual(
    expect.arrayContaining([
      'fence:begin',
      'fence:routers fenced',
      'fence:receivers stopped',
      'fence:positions collected',
    ]),
  );
  expect(result.findings).toMatchObject({
    routers: [{ fenced: true }],
    receiversStopped: ['db2', 'db3'],
    receiversNotStopped: [],
    superReadOnly: { set: false },
  });
  const again = await steps.activities.fenceOldPrimary(fence);
  expect(again.findings.receiversStopped).toEqual(['db2', 'db3']);
  expect(await writersOf(lab().router!)).toEqual([]);
  for (const replica of ['db2', 'db3']) expect(await replicaState(lab(), replica)).toMatchObject({ receiver: 'No' });
});

test('a replica that hangs while positions are made to hold still is no position: it counts as unread', async () => {
  lab().faults.hang('db3');
  try {
    const fence = { ...order(), oldPrimary: 'db1', answered: false };
    const { findings, frozen } = await steps.activities.fenceOldPrimary(fence);
    expect(findings.receiversStopped).toEqual(['db2']);
    expect(findings.receiversNotStopped).toMatchObject([{ replica: 'db3' }]);
    expect(frozen.members.map(({ name, readable }) => [name, readable])).toEqual([
      ['db2', true],
      ['db3', false],
    ]);
  } finally {
    lab().faults.wake('db3');
  }
});

test('openPrimary dies at each of its points: in the end the candidate is open once, and who can acknowledge follows it', async () => {
  const opening = {
    ...order(),
    candidate: 'db2',
    fetchFrom: null,
    target: String(await lab().value('db2', 'SELECT @@global.gtid_executed')),
    followers: ['db3'],
    semiSync: null,
    minEpoch: 1,
    run: 'run-1',
  };
  // The first attempt got as far as the epoch without its followers, as one whose worker died before they arrived.
  await steps.activities.openPrimary({ ...opening, followers: [] });
  expect(await replicaState(lab(), 'db3')).toMatchObject({ receiver: 'No' });
  expect(await steps.activities.openPrimary(opening)).toMatchObject({ result: 'already', epoch: 2 });
  await eventually('db3 follows', async () => (await replicaState(lab(), 'db3'))?.receiver === 'Yes');
  expect(await replicaState(lab(), 'db3')).toMatchObject({ source: 'db2' });

  const { result, died } = await steps.dyingEverywhere((activities) =>
    activities.openPrimary({ ...opening, run: 'run-2' }),
  );
  expect(died).toEqual([
    'open:begin',
    'open:applied',
    'open:ready to open',
    'open:writes open',
    ...(died.includes('repoint:changed') ? ['repoint:changed'] : []),
    'open:epoch recorded',
  ]);
  expect(result.epoch).toBe(3);
  const stand = await standOf(lab(), 'db2');
  expect(stand).toMatchObject({ read_only: 0, super_read_only: 0, waits: 1 });
  expect(await steps.activities.openPrimary({ ...opening, run: 'run-2' })).toMatchObject({
    result: 'already',
    epoch: 3,
  });
  expect(await standOf(lab(), 'db2')).toEqual(stand);
  expect(await lab().value('db2', 'SELECT COUNT(*) FROM runbooks.epoch')).toBe(3);
});

test('routeWrites dies at each of its points: in the end every router leads to the new primary, proven by a write', async () => {
  const route = { ...order(), primary: 'db2', uuid: lab().server('db2').uuid };
  const { result, died } = await steps.dyingEverywhere((activities) => activities.routeWrites(route));
  // What a router's own turn throws is a finding, not a death; the step's points are passed all the same.
  expect(died[0]).toBe('route:begin');
  expect((await steps.activities.routeWrites(route)).routers).toMatchObject([{ proved: true }]);
  expect(result.routers).toHaveLength(1);
  expect(await writersOf(lab().router!)).toEqual(['db2']);
});

test('settleNewPrimary forgets the channel, enables events once, and does nothing the second time', async () => {
  await lab()
    .rows('db2', 'CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DISABLE ON SLAVE DO SELECT 1')
    .catch(() => lab().rows('db2', 'CREATE EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DISABLE ON REPLICA DO SELECT 1'));
  const settle = { ...order(), name: 'db2' };
  expect(await steps.activities.settleNewPrimary(settle)).toEqual({ channelsReset: 1, events: ['shop.nightly'] });
  const stand = await standOf(lab(), 'db2');
  expect(stand).toMatchObject({ source: undefined, read_only: 0 });
  expect(await steps.activities.settleNewPrimary(settle)).toEqual({ channelsReset: 0, events: [] });
  expect(await standOf(lab(), 'db2')).toEqual(stand);
});

test('repointReplica gives a follower its whole role, twice the same', async () => {
  const repoint = { ...order(), replica: 'db3', source: 'db2' };
  await lab().rows('db3', 'STOP REPLICA');
  expect(await steps.activities.repointReplica(repoint)).toEqual({ replica: 'db3', result: 'already' });
  const stand = await standOf(lab(), 'db3');
  expect(stand).toMatchObject({ source: 'db2', applier: 'Yes', super_read_only: 1, acknowledges: 1, waits: 0 });
  await steps.activities.repointReplica(repoint);
  expect(await standOf(lab(), 'db3')).toEqual(stand);
  await write('db2');
  await caughtUp(lab(), 'db3', 'db2');
});

test('quarantineOldPrimary closes a server that woke up writable, ends its sessions, and copies what it alone has to a file', async () => {
  lab().faults.wake('db1');
  await eventually('db1 answers', () => lab().value('db1', 'SELECT 1'));
  const extra = await write('db1');
  const app = lab().accounts.app;
  const session = await createConnection({
    host: '127.0.0.1',
    port: lab().server('db1').ownPort,
    user: app.user,
    password: passwordOf(app),
  });
  let cut = false;
  session.on('error', () => (cut = true)).on('end', () => (cut = true));

  process.env['RUNBOOK_MYSQLBINLOG'] = `${lab().state.binFolder}/mysqlbinlog`;
  const quarantine = { ...order(), oldPrimary: 'db1', newPrimary: 'db2' };
  const kept = await steps.activities.quarantineOldPrimary(quarantine);
  expect(kept.reached).toBe(true);
  expect(kept.because).toMatch(/it alone has/);
  expect(kept.extra).toContain(lab().server('db1').uuid);
  expect(readFileSync(kept.file ?? '', 'utf8')).toMatch(new RegExp(`@\\d=${extra}\\b`));
  await eventually(
    'the session is cut',
    async () =>
      cut ||
      (await session.query('SELECT 1').then(
        () => false,
        () => true,
      )),
  );
  const stand = await standOf(lab(), 'db1');
  expect(stand).toMatchObject({ super_read_only: 1, waits: 0 });

  expect(await steps.activities.quarantineOldPrimary(quarantine)).toEqual(kept);
  expect(await standOf(lab(), 'db1')).toEqual(stand);
  expect(isAlive(lab().server('db1'))).toBe(true);
});

test('writeReport writes the same two files twice', async () => {
  const report: RunbookReport = {
    runbook: 'emergencyFailover',
    cluster: lab().cluster,
    run: '01a1fc57-c6c6',
    outcome: 'done',
    headline: 'db2 takes writes in place of db1',
    startedBy: 'tester@example.com',
    trigger: 'person',
    reason: 'test',
    startedAt: '2026-01-02T03:04:05.678Z',
    endedAt: '2026-01-02T03:04:06.789Z',
    oldPrimary: 'db1',
    newPrimary: 'db2',
    evidence: [],
    decisions: [],
    plan: null,
    approvals: [],
    fenceProofs: [],
    steps: [],
    rto: null,
    rpo: null,
    lostTransactionFiles: [],
    left: [],
  };
  const paths = await steps.activities.writeReport(report);
  const texts = paths.map((path) => readFileSync(path, 'utf8'));
  expect(await steps.activities.writeReport(report)).toEqual(paths);
  expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(texts);
  expect(JSON.parse(texts[1] ?? '')).toEqual(report);
});
