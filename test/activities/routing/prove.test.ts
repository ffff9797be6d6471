import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunbookError } from '../../../activities/errors';
import { type ClientDoor } from '../../../activities/routing/client';
import { proveFenced, proveWrites } from '../../../activities/routing/prove';
import { type RouterControl } from '../../../activities/routing/control';
import { type Lab, startLab } from '../../../lab';
import { READ_BACKEND, WRITE_BACKEND } from '../../../lab/haproxy';
import { signal } from '../../../lab/processes';
import { openHaproxy } from './one-haproxy';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type HaproxyRouter, type ProxysqlRouter } from '../../../workflows/decisions/router';

/** Two real servers behind a real HAProxy: db1 takes writes, db2 follows it and is super_read_only. */
let lab: Lab;
let router: HaproxyRouter;
let control: RouterControl;
let door: ClientDoor;
let db1: Instance;
let db2: Instance;

beforeAll(async () => {
  lab = await startLab({
    folder: mkdtempSync(join(tmpdir(), 'prove-')),
    replicas: 1,
    durability: 'async',
    lifetime: 'starter',
  });
  const { host, writePort, socket } = lab.router!;
  router = {
    kind: 'haproxy',
    name: 'haproxy-1',
    socket: `unix:${socket}`,
    writeBackend: WRITE_BACKEND,
    readBackend: READ_BACKEND,
    writeAddress: { host, port: writePort },
  };
  const instances = lab.servers.map(({ name, host: at, port }): Instance => {
    const neutral = { datacentre: 'a', promotion: 'neutral', delaySeconds: 0, backupSource: false } as const;
    return { name, host: at, port, ...neutral };
  });
  [db1, db2] = instances as [Instance, Instance];
  control = openHaproxy(router, instances, { deadlineMs: 2000 });
  door = {
    user: lab.accounts.admin.user,
    password: readFileSync(lab.accounts.admin.passwordFile, 'utf8'),
    ssl: { ca: readFileSync(lab.state.tls.ca), rejectUnauthorized: true },
    schema: 'runbooks',
  };
});
afterAll(() => lab.down());
beforeEach(() => control.pointWritesTo(db1));

const uuidOf = (name: string): string => lab.server(name).uuid;
const beatOf = async (name: string): Promise<number> =>
  Number((await lab.value(name, 'SELECT beat FROM runbooks.heartbeat WHERE server_uuid = ?', [uuidOf(name)])) ?? 0);
const setReadOnly = (name: string, value: 0 | 1) =>
  lab.rows(name, `SET GLOBAL super_read_only = ${value}, GLOBAL read_only = ${value}`);

const refusal = (work: Promise<unknown>): Promise<RunbookError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as RunbookError,
  );

describe('a write through the router', () => {
  test('is acknowledged by the expected server, which has the row', async () => {
    const before = await beatOf('db1');
    const proof = await proveWrites(router, door, uuidOf('db1').toUpperCase(), 2000);
    expect(proof.uuid).toBe(uuidOf('db1'));
    expect(proof.elapsedMs).toBeGreaterThan(0);
    expect(await beatOf('db1')).toBe(before + 1);
    await proveWrites(router, door, uuidOf('db1'), 2000);
    expect(await beatOf('db1')).toBe(before + 2);
  });

  test('goes as one transaction where a router splits reads from writes, and is there afterwards', async () => {
    const proxysql: ProxysqlRouter = {
      kind: 'proxysql',
      name: 'proxysql-1',
      admin: { host: '127.0.0.1', port: 1 },
      tls: { mode: 'off' },
      account: { user: 'radmin', password: { env: 'NOT_ASKED' } },
      writers: 10,
      writeAddress: router.writeAddress,
    };
    const before = await beatOf('db1');
    expect((await proveWrites(proxysql, door, uuidOf('db1'), 2000)).uuid).toBe(uuidOf('db1'));
    expect(await beatOf('db1')).toBe(before + 1);
    expect(await refusal(proveWrites(proxysql, door, uuidOf('db2'), 60))).toMatchObject({ code: 'PROOF_FAILED' });
    expect(await beatOf('db1')).toBe(before + 1);
  });

  test('to another server than expected is not made', async () => {
    const before = await beatOf('db1');
    const error = await refusal(proveWrites(router, door, uuidOf('db2'), 1500));
    expect(error).toMatchObject({ code: 'PROOF_FAILED', family: 'not yet' });
    expect(error.message).toContain(`leads to server ${uuidOf('db1')}, not to ${uuidOf('db2')}`);
    expect(await beatOf('db1')).toBe(before);
  });

  test('to a server that is still read-only proves nothing', async () => {
    await control.pointWritesTo(db2);
    const error = await refusal(proveWrites(router, door, uuidOf('db2'), 1500));
    expect(error).toMatchObject({ code: 'PROOF_FAILED' });
    expect(error.message).toContain('read-only');
  });

  test('is tried again until the router leads somewhere', async () => {
    await control.fence();
    const proof = proveWrites(router, door, uuidOf('db1'), 5000);
    await control.pointWritesTo(db1);
    expect((await proof).uuid).toBe(uuidOf('db1'));
  });

  test('with a wrong password fails at once, and the password is told to nobody', async () => {
    const start = performance.now();
    const error = await refusal(proveWrites(router, { ...door, password: 'hunter2-wrong' }, uuidOf('db1'), 10_000));
    expect(error).toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    expect(performance.now() - start).toBeLessThan(5000);
    expect(JSON.stringify([error, error.message, error.hint, error.cause, error.stack])).not.toContain('hunter2');
  });
});

describe('the fence, seen by a client', () => {
  test('holds where the router turns clients away', async () => {
    await control.fence();
    expect((await proveFenced(router, door, 1000)).because).toMatch(/closed|lost|reset/i);
    expect(await refusal(proveWrites(router, door, uuidOf('db1'), 60))).toMatchObject({ code: 'PROOF_FAILED' });
  });

  test('holds where nothing listens', async () => {
    const gone = { ...router, writeAddress: { host: '127.0.0.1', port: 1 } };
    expect((await proveFenced(gone, door, 1000)).because).toContain('ECONNREFUSED');
  });

  test('holds where the server behind it is super_read_only', async () => {
    await control.pointWritesTo(db2);
    expect((await proveFenced(router, door, 1000)).because).toContain('read-only');
  });

  test('does not hold where a write is acknowledged', async () => {
    const error = await refusal(proveFenced(router, door, 2000));
    expect(error).toMatchObject({ code: 'FENCE_NOT_PROVEN', family: 'not safe' });
    expect(error.message).toContain(`server ${uuidOf('db1')} acknowledged a write`);
  });

  test('is not proven by a refused login: a server was reached', async () => {
    const error = await refusal(proveFenced(router, { ...door, password: 'wrong' }, 2000));
    expect(error).toMatchObject({ code: 'FENCE_NOT_PROVEN' });
  });
});

test('a hung server costs the deadline and not more, and its silence is no proof of a fence', async () => {
  const server = lab.server('db1');
  signal(server, 'SIGSTOP');
  try {
    const start = performance.now();
    const [write, fence] = await Promise.all([
      refusal(proveWrites(router, door, uuidOf('db1'), 200)),
      refusal(proveFenced(router, door, 200)),
    ]);
    expect([write.code, fence.code]).toEqual(['PROOF_FAILED', 'FENCE_NOT_PROVEN']);
    expect(performance.now() - start).toBeLessThan(5000);
  } finally {
    signal(server, 'SIGCONT');
  }
});

test('a takeover: fenced, the other server opened, routed, and proven by a write', async () => {
  await control.fence();
  await setReadOnly('db1', 1);
  await lab.rows('db2', 'STOP REPLICA');
  await setReadOnly('db2', 0);
  try {
    const routing = await control.pointWritesTo(db2);
    expect(routing).toMatchObject({ writers: ['db2'], sessions: { db1: 0 } });
    expect((await proveWrites(router, door, uuidOf('db2'), 2000)).uuid).toBe(uuidOf('db2'));
  } finally {
    await setReadOnly('db2', 1);
    await setReadOnly('db1', 0);
  }
});
