import { type RunbookError } from '../../../activities/errors';
import { onAllRouters } from '../../../activities/routing/router';
import { routerContract } from '../../support/proxysql/contract';
import {
  at,
  db1,
  db2,
  db3,
  FOREIGN,
  insertServers,
  instanceAt,
  INSTANCES,
  type Login,
  open,
  READERS,
  routerOf,
  serverRow,
  setUp,
  tell,
  WRITERS,
} from '../../support/proxysql/fleet';
import { StandIn } from '../../support/proxysql/stand-in';

let proxysql: StandIn;
beforeEach(async () => {
  proxysql = new StandIn();
  await proxysql.start();
});
afterEach(() => proxysql.stop());

const login = (): Login => ({ host: '127.0.0.1', port: proxysql.port, user: 'radmin', password: 'secret' });

describe('the stand-in', () => routerContract(login));

const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as RunbookError,
  );

/** db1 writes; the pair of hostgroups is under the read_only monitor, which has looked once. */
async function governed(): Promise<void> {
  await setUp(login());
  await tell(
    login(),
    `INSERT INTO mysql_replication_hostgroups (writer_hostgroup, reader_hostgroup, check_type, comment) VALUES (${WRITERS}, ${READERS}, 'read_only', '')`,
  );
  await tell(login(), 'LOAD MYSQL SERVERS TO RUNTIME');
  proxysql.readOnly.set(at(db1), false).set(at(db2), true).set(at(db3), true);
  proxysql.monitor()();
}

const running = async () => {
  const rows = await tell(login(), 'SELECT hostgroup_id, port, status FROM runtime_mysql_servers');
  return rows
    .filter((row) => row['hostgroup_id'] !== String(FOREIGN.writers))
    .map((row) => Object.values(row).join(' '))
    .sort();
};

describe('sessions', () => {
  beforeEach(() => setUp(login()));

  test('a fence breaks off what runs, and ends what is idle in a transaction', async () => {
    const [busy, idle] = [proxysql.client(WRITERS), proxysql.client(WRITERS)];
    await busy.insert();
    await idle.begin();
    expect((await open(login()).read()).sessions).toEqual({ db1: 2 });
    expect((await open(login()).fence()).sessions).toEqual({});
    await expect(busy.insert()).rejects.toThrow('Lost connection');
    await expect(idle.begin()).rejects.toThrow('Lost connection');
  });

  test('the read sessions of the same server are no business of the fence', async () => {
    const reader = proxysql.client(READERS);
    await reader.begin();
    await open(login()).fence();
    expect(await reader.begin()).toBe(at(db1));
  });

  test('held: a busy writer is let go of its server, and waits for the one that takes over', async () => {
    const client = proxysql.client(WRITERS);
    await client.insert();
    const taken: string[] = [];
    // It inserts behind each statement of ours, so that its pin is renewed for as long as inserts pin.
    proxysql.answered = () => void client.insert().then((server) => taken.push(server));
    const before = await open(login()).read();
    expect((await open(login()).hold(db1)).sessions).toEqual({ db1: 0 });
    proxysql.answered = () => undefined;
    expect(new Set(taken)).toEqual(new Set([at(db1)]));

    const waiting = client.insert();
    await open(login()).pointWritesTo(db2);
    expect(await waiting).toBe(at(db2));
    await open(login()).release(db1, before.settings);
  });

  test('held: a statement that runs when the hold begins is waited for', async () => {
    const client = proxysql.client(WRITERS);
    await client.begin();
    let loaded = false;
    proxysql.answered = (sql) => {
      // It ends when the first look at the hold has found it running.
      if (loaded && sql.includes('FROM stats_mysql_connection_pool')) client.end();
      loaded ||= sql === 'LOAD MYSQL SERVERS TO RUNTIME';
    };
    expect((await open(login()).hold(db1)).sessions).toEqual({ db1: 0 });
  });

  test('with the statements after an insert still pinned, a busy writer would have gone on through the hold', async () => {
    const client = proxysql.client(WRITERS);
    await client.insert();
    await tell(login(), `UPDATE mysql_servers SET status = 'OFFLINE_SOFT' WHERE hostgroup_id = ${WRITERS}`);
    await tell(login(), 'LOAD MYSQL SERVERS TO RUNTIME');
    for (let insert = 0; insert < 20; insert += 1) expect(await client.insert()).toBe(at(db1));
  });

  test('released without a move: who waited is served by the server that was held', async () => {
    const before = await open(login()).read();
    await open(login()).hold(db1);
    const waiting = proxysql.client(WRITERS).insert();
    await open(login()).release(db1, before.settings);
    expect(await waiting).toBe(at(db1));
  });

  test('a session in a transaction does not keep the hold from being one, and is counted', async () => {
    const idle = proxysql.client(WRITERS);
    await idle.begin();
    const held = await open(login()).hold(db1);
    expect(held).toMatchObject({ writers: ['db1'], sessions: { db1: 1 } });
  });

  test('pointing writes where they go already leaves sessions alone', async () => {
    const client = proxysql.client(WRITERS);
    await client.begin();
    await open(login()).pointWritesTo(db1);
    expect(await client.begin()).toBe(at(db1));
    expect(proxysql.statements).not.toContain('KILL CONNECTION');
  });

  test('a hold that was left by a worker that died is known by the 0, and the settings say what was meant', async () => {
    await open(login()).hold(db1);
    const seenLater = await open(login()).read();
    expect(seenLater.settings).toEqual({ 'mysql-auto_increment_delay_multiplex': 5 });
  });
});

describe('the read_only monitor', () => {
  test('by itself it brings a server back whose writer row alone is OFFLINE_HARD: the trap', async () => {
    await governed();
    await tell(login(), `UPDATE mysql_servers SET status = 'OFFLINE_HARD' WHERE hostgroup_id = ${WRITERS}`);
    await tell(login(), 'LOAD MYSQL SERVERS TO RUNTIME');
    expect(await running()).not.toContain('910 63101 ONLINE');
    proxysql.monitor()();
    expect(await running()).toContain('910 63101 ONLINE');
  });

  test('does not bring a fenced primary back that is writable again', async () => {
    await governed();
    expect((await open(login()).fence()).readers).toEqual(['db2', 'db3']);
    proxysql.monitor()();
    expect(await running()).toEqual(['920 63102 ONLINE', '920 63103 ONLINE']);
  });

  test('does not bring back a dead primary that it had taken for read-only itself', async () => {
    await governed();
    proxysql.readOnly.set(at(db1), 'silent');
    for (let check = 0; check < 3; check += 1) proxysql.monitor()();
    expect(await running()).toEqual(['920 63101 ONLINE', '920 63102 ONLINE', '920 63103 ONLINE']);

    await open(login()).fence();
    proxysql.readOnly.set(at(db1), false);
    proxysql.monitor()();
    expect((await open(login()).read()).writers).toEqual([]);
  });

  test('opening the candidate makes it a writer before we say so, and the result is the same', async () => {
    await governed();
    await open(login()).fence();
    proxysql.readOnly.set(at(db2), false);
    proxysql.monitor()();
    expect((await open(login()).read()).writers).toEqual(['db2']);
    expect((await open(login()).pointWritesTo(db2)).writers).toEqual(['db2']);
    expect((await open(login()).pointReadsTo([db3])).readers).toEqual(['db3']);
    proxysql.monitor()();
    expect(await running()).toEqual(['910 63102 ONLINE', '920 63103 ONLINE']);
  });

  test.each([true, false])(
    'writer_is_also_reader %s: a switchover ends in the wanted state and stays there',
    async (also) => {
      proxysql.writerIsAlsoReader = also;
      await governed();
      const before = await open(login()).read();
      await open(login()).hold(db1);
      proxysql.readOnly.set(at(db1), true);
      proxysql.monitor()();
      proxysql.readOnly.set(at(db2), false);
      await open(login()).pointWritesTo(db2);
      proxysql.monitor()();
      await open(login()).release(db1, before.settings);
      await open(login()).pointReadsTo([db1, db3]);
      proxysql.monitor()();
      expect(await running()).toEqual(['910 63102 ONLINE', '920 63101 ONLINE', '920 63103 ONLINE']);
    },
  );

  test('an answer from before the freeze that it acts on late does not make the old primary a second writer', async () => {
    await governed();
    const stale = proxysql.monitor();
    await open(login()).hold(db1);
    proxysql.readOnly.set(at(db1), true).set(at(db2), false);
    await open(login()).pointWritesTo(db2);
    stale();
    // It was asked about db2 too, while that was read-only: the next check gives db2 back, and until then writes wait.
    expect((await open(login()).read()).writers).toEqual([]);
    proxysql.monitor()();
    expect((await open(login()).read()).writers).toEqual(['db2']);
  });

  test('a switchover that is undone after the monitor moved the frozen primary leads back to it', async () => {
    await governed();
    await open(login()).hold(db1);
    proxysql.readOnly.set(at(db1), true);
    proxysql.monitor()();
    expect((await open(login()).read()).writers).toEqual([]);
    proxysql.readOnly.set(at(db1), false);
    expect((await open(login()).pointWritesTo(db1)).writers).toEqual(['db1']);
    proxysql.monitor()();
    expect((await open(login()).read()).writers).toEqual(['db1']);
  });

  test('what it moved in another cluster since the last LOAD stays moved, and is no edit of anybody', async () => {
    const [one, two] = [instanceAt('o1', 63_301), instanceAt('o2', 63_302)];
    await governed();
    await tell(login(), insertServers(serverRow(FOREIGN.writers, one), serverRow(FOREIGN.readers, two)));
    await tell(login(), `DELETE FROM mysql_servers WHERE port = 63201`);
    await tell(
      login(),
      `INSERT INTO mysql_replication_hostgroups (writer_hostgroup, reader_hostgroup, check_type, comment) VALUES (${FOREIGN.writers}, ${FOREIGN.readers}, 'read_only', '')`,
    );
    await tell(login(), 'LOAD MYSQL SERVERS TO RUNTIME');
    proxysql.readOnly.set(at(one), true).set(at(two), false);
    proxysql.monitor()();
    const theirs = async () =>
      (await tell(login(), 'SELECT hostgroup_id, port, status FROM runtime_mysql_servers WHERE port IN (63301, 63302)'))
        .map((row) => Object.values(row).join(' '))
        .sort();
    const moved = await theirs();
    expect(moved).toContain('930 63302 ONLINE');
    expect(moved).not.toContain('930 63301 ONLINE');

    await open(login()).hold(db1);
    await open(login()).pointWritesTo(db2);
    expect(await theirs()).toEqual(moved);
  });
});

describe('rows that are not ours', () => {
  beforeEach(() => setUp(login()));

  test('a parked server of another cluster keeps its row in memory and on disk', async () => {
    await tell(login(), `UPDATE mysql_servers SET status = 'OFFLINE_HARD' WHERE hostgroup_id = ${FOREIGN.writers}`);
    await tell(login(), 'LOAD MYSQL SERVERS TO RUNTIME');
    await open(login()).hold(db1);
    await open(login()).pointWritesTo(db2);
    for (const table of ['mysql_servers', 'disk.mysql_servers'])
      expect(
        await tell(login(), `SELECT status, comment FROM ${table} WHERE hostgroup_id = ${FOREIGN.writers}`),
      ).toEqual([{ status: 'OFFLINE_HARD', comment: 'not ours' }]);
  });

  test('variables of other people: a hold refuses what is set and not loaded, a release never loads it', async () => {
    const set = `UPDATE global_variables SET variable_value = '1' WHERE variable_name = 'mysql-connect_timeout_server_max'`;
    const before = await open(login()).read();
    await tell(login(), set);
    const refused = await refusal(open(login()).hold(db1));
    expect(refused.message).toContain('variables are set and not loaded: mysql-connect_timeout_server_max');
    await tell(login(), 'SAVE MYSQL VARIABLES FROM RUNTIME');
    await open(login()).hold(db1);
    await tell(login(), set);
    await open(login()).release(db1, before.settings);
    const [now] = await tell(
      login(),
      `SELECT variable_value FROM runtime_global_variables WHERE variable_name = 'mysql-connect_timeout_server_max'`,
    );
    expect(now).toEqual({ variable_value: '10000' });
  });

  test('users, query rules and everything else are never named in a statement of ours', async () => {
    await open(login()).hold(db1);
    await open(login()).pointWritesTo(db2);
    await open(login()).pointReadsTo([db3]);
    await open(login()).fence();
    expect(proxysql.statements.filter((sql) => /users|rules|VARIABLES TO DISK|admin-/i.test(sql))).toEqual([]);
  });
});

describe('a ProxySQL that is not the one the inventory describes, or none', () => {
  const elsewhere = (change: Partial<Login>) => open({ ...login(), ...change }, INSTANCES, { deadlineMs: 300 });

  test.each([
    ['nothing listens', { port: 1 }, 'ROUTER_UNREACHABLE', 'ECONNREFUSED'],
    ['a wrong password', { password: 'hunter2' }, 'ROUTER_MISCONFIGURED', 'refuses the account radmin'],
    ['the account admin from afar', { user: 'admin' }, 'ROUTER_MISCONFIGURED', 'can only connect from the host'],
  ])('%s', async (_, change, code, words) => {
    await setUp(login());
    const error = await refusal(elsewhere(change).fence());
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) as string });
    expect(JSON.stringify([error, error.message, error.hint, error.cause, error.stack])).not.toContain('hunter2');
  });

  test('one that hangs costs the deadline and not more', async () => {
    await setUp(login());
    proxysql.hung = true;
    const start = performance.now();
    const error = await refusal(elsewhere({}).fence());
    expect(error).toMatchObject({ code: 'ROUTER_UNREACHABLE', family: 'not yet' });
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('no such hostgroup: those that have servers are named', async () => {
    await setUp(login());
    const router = { ...routerOf(login()), writers: 10 };
    const error = await refusal(open(login(), INSTANCES, {}, router).fence());
    expect(error.message).toContain('no server in hostgroup 10; it has servers in 910, 920, 930');
  });

  test('readers that the monitor knows and the inventory does not are refused: they would be a way back in', async () => {
    await governed();
    const { readers, ...writesOnly } = routerOf(login());
    expect(readers).toBe(READERS);
    const error = await refusal(open(login(), INSTANCES, {}, writesOnly).read());
    expect(error).toMatchObject({ code: 'ROUTER_MISCONFIGURED' });
    expect(error.message).toContain('pairs hostgroup 910 with the readers 920, and the inventory has no readers');
  });

  test('a LOAD that leaves the variable as it was is found by reading back', async () => {
    await setUp(login());
    proxysql.overruled = true;
    const error = await refusal(open(login()).hold(db1));
    expect(error).toMatchObject({ code: 'ROUTER_DISAGREES' });
    expect(error.message).toContain('mysql-auto_increment_delay_multiplex is 5, not 0');
  });

  test('hostgroups that another monitor drives are refused', async () => {
    await setUp(login());
    proxysql.drive(WRITERS);
    const error = await refusal(open(login()).hold(db1));
    expect(error.message).toContain('hostgroup 910 is driven by mysql_galera_hostgroups');
  });

  test('a writer that the inventory does not have is told by its address, and fenced as well', async () => {
    await setUp(login());
    await tell(login(), insertServers(serverRow(WRITERS, instanceAt('stranger', 63_999))));
    await tell(login(), 'LOAD MYSQL SERVERS TO RUNTIME');
    expect((await open(login()).read()).writers).toEqual(['db1', '127.0.0.1:63999']);
    expect((await open(login()).fence()).writers).toEqual([]);
  });

  test('something else that sets it back is found by reading back', async () => {
    await setUp(login());
    proxysql.overruled = true;
    const error = await refusal(open(login(), INSTANCES, { deadlineMs: 2_000 }).fence());
    expect(error).toMatchObject({ code: 'ROUTER_DISAGREES', family: 'not yet' });
    expect(error.message).toContain('reads back otherwise: db1 is ONLINE in hostgroup 910, not OFFLINE_HARD');
  });
});

test('two members of a ProxySQL cluster are set at once and end alike', async () => {
  const other = new StandIn();
  await other.start();
  try {
    const logins = [login(), { ...login(), port: other.port }];
    await Promise.all(logins.map(setUp));
    const set = await onAllRouters(
      logins.map((one) => open(one)),
      (control) => control.pointWritesTo(db3),
    );
    expect(set).toMatchObject([
      { ok: true, value: { writers: ['db3'] } },
      { ok: true, value: { writers: ['db3'] } },
    ]);
    const [a, b] = await Promise.all(logins.map((one) => tell(one, 'SELECT * FROM mysql_servers')));
    expect(a).toEqual(b);
  } finally {
    await other.stop();
  }
});
