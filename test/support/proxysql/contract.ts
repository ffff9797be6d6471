import { db1, db2, db3, FOREIGN, type Login, open, READERS, setUp, tearDown, tell, WRITERS } from './fleet';

const DELAY = 'mysql-auto_increment_delay_multiplex';

/** What every ProxySQL must do for us, the real one and the stand-in. Uses hostgroups of its own and leaves nothing behind. */
export function routerContract(login: () => Login): void {
  const control = () => open(login());
  const rows = async (table: string, columns: string, hostgroup: number) =>
    (await tell(login(), `SELECT ${columns} FROM ${table} WHERE hostgroup_id = ${hostgroup}`)).map((row) =>
      Object.values(row).join(' '),
    );
  const delay = async (table: string) =>
    (await tell(login(), `SELECT variable_value FROM ${table} WHERE variable_name = '${DELAY}'`))[0]?.[
      'variable_value'
    ];

  beforeEach(() => setUp(login()));
  afterEach(() => tearDown(login()));

  test('reads who takes writes and reads, the sessions, the addresses and what a hold changes', async () => {
    const routing = await control().read();
    expect(routing).toMatchObject({
      router: 'proxysql-1',
      writers: ['db1'],
      sessions: { db1: 0 },
      settings: { [DELAY]: Number(await delay('runtime_global_variables')) },
      addresses: { db1: '127.0.0.1:63101', db3: '127.0.0.1:63103' },
    });
    expect([...routing.readers].sort()).toEqual(['db1', 'db2', 'db3']);
  });

  test('fenced: no writer, reads go on, kept over a restart, and twice is the same as once', async () => {
    const fenced = await control().fence();
    expect(fenced.writers).toEqual([]);
    expect([...fenced.readers].sort()).toEqual(['db1', 'db2', 'db3']);
    expect(await rows('disk.mysql_servers', 'port, status', WRITERS)).toEqual(['63101 OFFLINE_HARD']);
    expect((await control().fence()).writers).toEqual([]);
  });

  test('pointed: exactly one writer; weight, limits and comment of every row survive there and back', async () => {
    expect((await control().pointWritesTo(db2)).writers).toEqual(['db2']);
    expect((await control().read()).writers).toEqual(['db2']);
    expect((await control().pointWritesTo(db1)).writers).toEqual(['db1']);
    expect(await rows('mysql_servers', 'port, status, weight, max_connections, comment', WRITERS)).toEqual(
      expect.arrayContaining(["63101 ONLINE 7 500 the boss's own", '63102 OFFLINE_HARD 20 500 big one']),
    );
    expect(await rows('disk.mysql_servers', 'port, status', WRITERS)).toEqual(
      expect.arrayContaining(['63101 ONLINE', '63102 OFFLINE_HARD']),
    );
  });

  test('held and released without a move: all is as before, and neither the hold nor the 0 was ever saved', async () => {
    const before = await control().read();
    const saved = await delay('disk.global_variables');
    await control().hold(db1);
    expect(await rows('runtime_mysql_servers', 'port, status', WRITERS)).toEqual(['63101 OFFLINE_SOFT']);
    expect(await delay('runtime_global_variables')).toBe('0');
    expect(await rows('disk.mysql_servers', 'port, status', WRITERS)).toEqual(['63101 ONLINE']);
    expect(await delay('disk.global_variables')).toBe(saved);
    expect((await control().hold(db1)).settings).toEqual(before.settings);

    expect(await control().release(db1, before.settings)).toEqual(before);
    expect(await rows('runtime_mysql_servers', 'port, status', WRITERS)).toEqual(['63101 ONLINE']);
    expect(Number(await delay('runtime_global_variables'))).toBe(before.settings[DELAY]);
    expect(Number(await delay('global_variables'))).toBe(before.settings[DELAY]);
  });

  test('held, pointed elsewhere, released: the new writer stays', async () => {
    const before = await control().read();
    await control().hold(db1);
    await control().pointWritesTo(db2);
    const after = await control().release(db1, before.settings);
    expect(after).toMatchObject({ writers: ['db2'], settings: before.settings });
  });

  test('reads to exactly these servers, in and out again with their weights', async () => {
    expect((await control().pointReadsTo([db2])).readers).toEqual(['db2']);
    const all = await control().pointReadsTo([db1, db2, db3]);
    expect([...all.readers].sort()).toEqual(['db1', 'db2', 'db3']);
    expect(all.writers).toEqual(['db1']);
    expect(await rows('runtime_mysql_servers', 'port, weight', READERS)).toEqual(
      expect.arrayContaining(['63102 20', '63103 30']),
    );
  });

  test('a server that nobody inserted is refused, and the ones that are there are named', async () => {
    const refused = control().pointWritesTo({ ...db3, name: 'db9', port: 63_109 });
    await expect(refused).rejects.toMatchObject({
      code: 'ROUTER_MISCONFIGURED',
      message: expect.stringContaining(
        'no server db9 (127.0.0.1:63109) in its hostgroups 910 and 920; it has ',
      ) as string,
    });
    expect((await control().read()).writers).toEqual(['db1']);
  });

  test('an edit that somebody has begun is never loaded by us: a hold refuses, a fence does without it', async () => {
    await tell(login(), `UPDATE mysql_servers SET status = 'OFFLINE_HARD' WHERE hostgroup_id = ${FOREIGN.writers}`);
    await expect(control().hold(db1)).rejects.toMatchObject({
      code: 'ROUTER_MISCONFIGURED',
      message: expect.stringContaining(
        '127.0.0.1:63201 of hostgroup 930 is not in mysql_servers, or offline there',
      ) as string,
    });
    expect(await delay('runtime_global_variables')).not.toBe('0');
    await control().fence();
    expect(await rows('runtime_mysql_servers', 'port, status, comment', FOREIGN.writers)).toEqual([
      '63201 ONLINE not ours',
    ]);
  });
}
