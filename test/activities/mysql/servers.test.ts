import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode } from '../../../activities/errors';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { errnoOf } from '../../../activities/mysql/driver-errors';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { type Lab } from '../../../lab';
import { eventually } from '../../support/wait';
import { db1Of, failure, withOneServer } from './one-server';
import { type Cluster, type Instance, type TlsPolicy } from '../../../workflows/decisions/cluster';

const one = withOneServer({ serverOptions: { db1: ['max-connections=20'] } });
let lab: Lab;
let cluster: Cluster;
let instance: Instance;
let servers: KeptServers;

beforeEach(() => {
  ({ lab, cluster, instance } = one());
  servers = one().connect();
});
afterEach(() => servers.close());

const db1 = () => db1Of(one(), servers);

const ourConnections = async (): Promise<number> =>
  Number(await lab.value('db1', "SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_USER = 'runbooks'"));

describe('logging in', () => {
  const policies: TlsPolicy[] = [{ mode: 'off' }, { mode: 'encrypt' }];
  test.each(policies)('caching_sha2_password, also when the server has not cached it: tls $mode', async (tls) => {
    await lab.rows('db1', 'FLUSH PRIVILEGES'); // empties the cache: full authentication, by TLS or by the public key
    const cipher = await servers
      .of({ ...cluster, tls }, instance)
      .rows<{ Value: string }>("SHOW STATUS LIKE 'Ssl_cipher'");
    expect(cipher[0]!.Value === '').toBe(tls.mode === 'off');
  });

  test("the inventory's authority is checked, and another one is refused", async () => {
    expect(cluster.tls.mode).toBe('verify');
    await expect(db1().value('SELECT 1')).resolves.toBe(1);
    const other = openServers({
      secrets: (reference) => resolveSecret(reference, lab.folder),
      readFile: () => Promise.resolve(readFileSync(join(__dirname, 'other-ca.pem'), 'utf8')),
    });
    const error = await failure(other.of(cluster, instance).value('SELECT 1'));
    expect(error.code).toBe('TLS_FAILED');
    await other.close();
  });

  test('a wrong password is told from a locked account by its words, and asks for the password again', async () => {
    let refused = 0;
    const wrong = openServers({ secrets: () => Promise.resolve('not-the-password'), refused: () => (refused += 1) });
    const error = await failure(wrong.of(cluster, instance).value('SELECT 1'));
    expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(errnoOf(error)).toBe(1045);
    expect(refused).toBe(1);
    expect(JSON.stringify([error.message, error.cause])).not.toContain('not-the-password');
    await wrong.close();

    const unlock = await lab.faults.lockAccount('db1', 'admin');
    const locked = await failure(db1().value('SELECT 1'));
    expect([locked.code, errnoOf(locked)]).toEqual(['AUTHENTICATION_FAILED', 3118]);
    await unlock();
    await expect(db1().value('SELECT 1')).resolves.toBe(1);
  });
});

describe('the session means the same on every server', () => {
  test('a server-wide NO_BACKSLASH_ESCAPES does not turn a value into SQL', async () => {
    const before = await lab.value('db1', 'SELECT @@global.sql_mode');
    await lab.rows('db1', "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
    try {
      const text = "\\' OR 1=1 -- ";
      await expect(db1().value('SELECT ?', [text])).resolves.toBe(text);
    } finally {
      await lab.rows('db1', 'SET GLOBAL sql_mode = ?', [before ?? '']);
    }
  });

  test('what one session sets, the next caller does not find', async () => {
    await servers.close();
    servers = openServers({ secrets: (reference) => resolveSecret(reference, lab.folder), size: 1 });
    const id = await db1().session(async (session) => {
      await session.run('SET SESSION lock_wait_timeout = 7, @left = 1');
      return session.value('SELECT CONNECTION_ID()');
    });
    const [row] = await db1().rows(
      'SELECT CONNECTION_ID() AS id, @@session.lock_wait_timeout AS waits, @left AS remains, @@session.time_zone AS zone',
    );
    expect(row).toEqual({ id, waits: 31_536_000, remains: null, zone: '+00:00' });
  });

  test('big numbers and times are not bent', async () => {
    const [row] = await db1().rows(
      "SELECT 18446744073709551615 AS big, 7 AS small, TIMESTAMP('2026-01-01 00:00:00.000001') AS moment",
    );
    expect(row).toEqual({ big: '18446744073709551615', small: 7, moment: '2026-01-01 00:00:00.000001' });
  });
});

describe('the kept pool', () => {
  test('many callers share six connections, and each gets its answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => db1().value('SELECT ? FROM (SELECT SLEEP(0.01)) AS s', [n])),
    );
    expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(await ourConnections()).toBe(6);
  });

  test('warming opens connections before the incident', async () => {
    await eventually('our connections are gone', async () => (await ourConnections()) === 0);
    await expect(servers.warm(cluster, 3)).resolves.toEqual([]);
    expect(await ourConnections()).toBe(3);
  });

  test('a statement past its deadline loses its connection, and the next one finds a new one', async () => {
    const id = await db1().value('SELECT CONNECTION_ID()');
    const asked = performance.now();
    const error = await failure(db1().value('SELECT SLEEP(20)', [], { deadlineMs: 200 }));
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(error).toMatchObject({
      code: 'HOST_TIMED_OUT',
      message: expect.stringContaining('an answer took more than 200 ms') as unknown,
    });
    await expect(db1().value('SELECT CONNECTION_ID()')).resolves.not.toBe(id);
  });

  test('callers that wait behind busy connections are told so, and no place is lost by it', async () => {
    const busy = Array.from({ length: 6 }, () => failure(db1().value('SELECT SLEEP(20)', [], { deadlineMs: 500 })));
    const late = await failure(db1().value('SELECT 1', [], { deadlineMs: 200 }));
    expect(late.message).toContain('waiting for one of our busy connections took more than 200 ms');
    await expect(db1().value('SELECT 1')).resolves.toBe(1);
    await Promise.all(busy);
    await expect(
      Promise.all(Array.from({ length: 6 }, () => db1().value('SELECT 1 FROM (SELECT SLEEP(0.05)) AS s'))),
    ).resolves.toHaveLength(6);
  });

  test('a connection that was killed while idle is not handed out', async () => {
    const id = await db1().value('SELECT CONNECTION_ID()');
    await lab.rows('db1', 'KILL ?', [Number(id)]);
    await eventually(
      'the session is there, or gone',
      async () =>
        Number(
          await lab.value('db1', 'SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_ID = ?', [
            Number(id),
          ]),
        ) === 0,
    );
    await expect(db1().value('SELECT CONNECTION_ID()')).resolves.not.toBe(id);
  });

  test('killed in the middle of a statement: CONNECTION_LOST', async () => {
    const running = failure(db1().value('SELECT SLEEP(21)', [], { deadlineMs: 10_000 }));
    let id: unknown;
    await eventually('the session is there, or gone', async () => {
      id = await lab.value(
        'db1',
        "SELECT PROCESSLIST_ID FROM performance_schema.threads WHERE PROCESSLIST_INFO LIKE 'SELECT SLEEP(21)%'",
      );
      return id !== undefined;
    });
    await lab.rows('db1', 'KILL ?', [Number(id)]);
    expect((await running).code).toBe('CONNECTION_LOST');
  });
});

describe('errors', () => {
  const cases: [string, ErrorCode, number][] = [
    ['CREATE DATABASE forbidden', 'MISSING_PRIVILEGE', 1044],
    ['SELECT * FROM mysql.user', 'MISSING_PRIVILEGE', 1142],
    ['SHUTDOWN', 'MISSING_PRIVILEGE', 1227],
    ['SELECT * FROM runbooks.no_such_table', 'STATEMENT_FAILED', 1146],
  ];
  test.each(cases)('%s: %s', async (sql, code, errno) => {
    const error = await failure(db1().run(sql));
    expect([error.code, errnoOf(error)]).toEqual([code, errno]);
    expect(error.message).toMatch(/^db1 \(127\.0\.0\.1:\d+\): /);
  });

  test('a statement that holds a password is nowhere in its error', async () => {
    for (const sql of [
      "CREATE USER x@y IDENTIFIED BY 'tell-nobody'",
      "CHANGE REPLICATION SOURCE SOURCE_PASSWORD = 'tell-nobody'",
    ]) {
      const error = await failure(db1().run(sql));
      const cause = error.cause as object;
      expect(JSON.stringify([error.message, error.hint, Object.entries(error), Object.entries(cause)])).not.toContain(
        'tell-nobody',
      );
      expect(Object.keys(cause).sort()).toEqual(['code', 'errno']);
    }
  });

  test('a row lock that another holds: LOCK_WAIT_EXCEEDED', async () => {
    await lab.rows('db1', "REPLACE INTO runbooks.epoch (epoch, primary_uuid, run) VALUES (1, 'u', 'r')");
    const error = await db1().session(
      async (holder) => {
        await holder.run('START TRANSACTION');
        await holder.run("UPDATE runbooks.epoch SET run = 'held'");
        return failure(
          db1().session(async (other) => {
            await other.run('SET SESSION innodb_lock_wait_timeout = 1');
            await other.run("UPDATE runbooks.epoch SET run = 'other'");
          }),
        );
      },
      { deadlineMs: 10_000 },
    );
    expect(error.code).toBe('LOCK_WAIT_EXCEEDED');
  });

  test('a mistake inside a session is passed on as it is', async () => {
    await expect(db1().session(() => Promise.reject(new TypeError('our bug')))).rejects.toThrow(TypeError);
  });
});
