import { channelFrom, type StatusRow } from '../../../activities/observe/channels';
import { type Mysql } from '../../../activities/mysql/mysql';
import { wordsOf } from '../../../activities/replication/statements';
import { judgeRelease } from '../../../activities/mysql/release';
import { lookAtInstance } from '../../../activities/observe/instance';
import { semiSyncFrom } from '../../../activities/observe/semi-sync';
import { valuesAtBoot } from '../../../activities/observe/detail';

/** What servers of the lab's one release cannot show: rows as 5.7.22 and 8.0.12 gave them. */
const SLAVE: StatusRow = {
  Slave_IO_State: 'Connecting to master',
  Master_Host: '10.0.0.1',
  Master_Port: 3306,
  Connect_Retry: 60,
  Slave_IO_Running: 'Connecting',
  Slave_SQL_Running: 'Yes',
  Replicate_Do_DB: 'shop',
  Replicate_Ignore_DB: '',
  Last_IO_Errno: 2003,
  Last_IO_Error: 'error connecting to master',
  Last_SQL_Errno: 0,
  Last_SQL_Error: '',
  SQL_Delay: 30,
  Master_Retry_Count: '86400',
  Master_UUID: 'aaaaaaaa-0000-0000-0000-000000000000',
  Retrieved_Gtid_Set: 'aaaaaaaa-0000-0000-0000-000000000000:1-5,\nbbbbbbbb-0000-0000-0000-000000000000:1',
  Auto_Position: 1,
  Channel_Name: '',
};

test('a SHOW SLAVE STATUS row means the same as a SHOW REPLICA STATUS row', () => {
  const modern = Object.fromEntries(
    Object.entries(SLAVE).map(([name, value]) => [name.replace('Master', 'Source').replace('Slave', 'Replica'), value]),
  );
  const facts = channelFrom(SLAVE, []);
  expect(channelFrom(modern, [])).toEqual(facts);
  expect(facts).toEqual({
    name: '',
    sourceHost: '10.0.0.1',
    sourcePort: 3306,
    sourceUuid: 'aaaaaaaa-0000-0000-0000-000000000000',
    autoPosition: true,
    receiver: 'connecting',
    applier: 'running',
    receiverError: { code: 2003, message: 'error connecting to master' },
    applierError: null,
    retrieved: 'aaaaaaaa-0000-0000-0000-000000000000:1-5,bbbbbbbb-0000-0000-0000-000000000000:1',
    silentForMs: null,
    delaySeconds: 30,
    heartbeatPeriodSeconds: 0,
    connectRetrySeconds: 60,
    retryCount: 86_400,
    filters: ['Replicate_Do_DB=shop'],
  });
});

const times = (signs: readonly (string | null)[], now = '2026-01-01 00:00:10.500000') =>
  channelFrom(SLAVE, [{ channel: '', heartbeatPeriodSeconds: 0.5, now, signs }]).silentForMs;

test.each([
  [
    'the newest sign counts',
    ['2026-01-01 00:00:02.000000', '2026-01-01 00:00:10.250000', '0000-00-00 00:00:00.000000'],
    250,
  ],
  [
    'a transaction that is being queued is a sign of life',
    ['2026-01-01 00:00:02.000000', '0000-00-00 00:00:00.000000', '2026-01-01 00:00:10.499000'],
    1,
  ],
  ['never connected', ['0000-00-00 00:00:00.000000', '0000-00-00 00:00:00.000000', '0000-00-00 00:00:00.000000'], null],
  ['5.7 does not know', [null, null, null], null],
  ['a clock that was set back', ['2026-01-01 00:00:12.000000', null, null], 0],
])('silence of a source: %s', (_, signs, ms) => {
  expect(times(signs)).toBe(ms);
});

test("times of another channel are not this one's", () => {
  expect(
    channelFrom(SLAVE, [
      {
        channel: 'other',
        heartbeatPeriodSeconds: 1,
        now: '2026-01-01 00:00:10.500000',
        signs: ['2026-01-01 00:00:10.000000'],
      },
    ]).silentForMs,
  ).toBeNull();
});

test('both generations of the semi-sync plugins tell the same facts', () => {
  const old = {
    rpl_semi_sync_master_enabled: 'ON',
    rpl_semi_sync_master_timeout: '10000',
    rpl_semi_sync_master_wait_for_slave_count: '2',
    rpl_semi_sync_master_wait_no_slave: 'ON',
    rpl_semi_sync_master_status: 'ON',
    rpl_semi_sync_master_clients: '3',
    rpl_semi_sync_master_wait_sessions: '4',
    rpl_semi_sync_master_no_tx: '5',
    rpl_semi_sync_slave_enabled: 'OFF',
    rpl_semi_sync_slave_status: 'OFF',
  };
  const renamed = Object.entries(old).map(
    ([name, value]) => [name.replaceAll('master', 'source').replaceAll('slave', 'replica'), value] as const,
  );
  const facts = semiSyncFrom(new Map(Object.entries(old)));
  expect(semiSyncFrom(new Map(renamed))).toEqual(facts);
  expect(facts).toEqual({
    sourceInstalled: true,
    replicaInstalled: true,
    sourceEnabled: true,
    replicaEnabled: false,
    sourceActive: true,
    replicaActive: false,
    waitForReplicaCount: 2,
    waitNoReplica: true,
    timeoutMs: 10_000,
    acknowledgers: 3,
    waitingSessions: 4,
    unacknowledged: 5,
  });
  expect(semiSyncFrom(new Map())).toMatchObject({
    sourceInstalled: false,
    replicaInstalled: false,
    sourceActive: false,
  });
});

test.each([
  ['5.7.22-log', '5.7', true],
  ['8.0.12', '8.0', true],
  ['8.0.22', '8.0', false],
  ['8.0.36-28', '8.0', false],
  ['8.1.0', '8.0', false],
  ['8.4.3', '8.4', false],
  ['9.3.0', '8.4', false],
  ['9.7.4-2', '9.7', false],
])('%s counts as %s', (version, release, oldWords) => {
  expect(judgeRelease(version)).toEqual({ supported: true, release, oldWords });
});

test.each([
  ['10.11.6-MariaDB-0+deb12u1', /is MariaDB/],
  ['5.5.5-10.11.6-MariaDB', /is MariaDB/],
  ['5.6.51', /older than 5\.7/],
  ['26.4.0', /newer than any release/],
  ['nonsense', /no version/],
])('%s is refused with its reason', (version, because) => {
  const verdict = judgeRelease(version);
  expect(verdict.supported ? '' : verdict.because).toMatch(because);
});

test('a MariaDB is a fact with a reason, not an error', async () => {
  const instance = {
    name: 'db1',
    host: '10.0.0.1',
    port: 3306,
    datacentre: 'a',
    promotion: 'neutral',
    delaySeconds: 0,
    backupSource: false,
  } as const;
  const refuse = () => Promise.reject(new Error('nothing else may be asked'));
  const server: Mysql = {
    name: 'db1',
    host: '10.0.0.1',
    port: 3306,
    value: () => Promise.resolve('10.11.6-MariaDB'),
    rows: refuse,
    run: refuse,
    session: refuse,
    lostConnections: () => 0,
  };
  const member = await lookAtInstance(server, instance, { full: false, schema: 'runbooks' });
  expect(member).toMatchObject({
    readable: false,
    reason: 'unsupported',
    detail: expect.stringContaining('is MariaDB') as unknown,
  });
});

test('the value at boot: persisted wins, unchanged stays, changed and not persisted is unknown', () => {
  const now = { persisted: '1', unchanged: '2', changed: '3' };
  expect(valuesAtBoot(now, { persisted: '9', unasked: '8' }, new Set(['persisted', 'changed']))).toEqual({
    persisted: '9',
    unchanged: '2',
  });
  expect(valuesAtBoot(now, {}, null)).toEqual({});
});

test('a server whose program was replaced is spoken to in its new words, once a connection to it was lost', async () => {
  const at = { version: '8.0.12', lost: 0, asked: 0 };
  const unused = () => Promise.reject(new Error('nothing else may be asked'));
  const server: Mysql = {
    ...{ name: 'db1', host: '10.0.0.1', port: 3306, rows: unused, run: unused, session: unused },
    value: () => Promise.resolve((at.asked += 1) && at.version),
    lostConnections: () => at.lost,
  };
  expect(await wordsOf(server)).toMatchObject({ stop: 'STOP SLAVE', option: 'MASTER', fetchesKey: true });
  at.version = '9.7.4';
  expect(await wordsOf(server)).toMatchObject({ stop: 'STOP SLAVE' });
  expect(at.asked).toBe(1);
  at.lost = 1;
  expect(await wordsOf(server)).toMatchObject({ stop: 'STOP REPLICA', option: 'SOURCE', fetchesKey: true });
});

test('a 5.7 cannot be told to fetch a public key', async () => {
  const unused = () => Promise.reject(new Error('nothing else may be asked'));
  const server: Mysql = {
    ...{ name: 'db1', host: '10.0.0.1', port: 3306, rows: unused, run: unused, session: unused },
    ...{ value: () => Promise.resolve('5.7.44-log'), lostConnections: () => 0 },
  };
  expect(await wordsOf(server)).toMatchObject({ stop: 'STOP SLAVE', fetchesKey: false });
});
