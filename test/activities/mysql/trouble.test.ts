import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunbookError } from '../../../activities/errors';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { driverCodeOf } from '../../../activities/mysql/driver-errors';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { type Lab, startLab } from '../../../lab';
import { type Cluster, type Instance, type SecretReference } from '../../../workflows/decisions/cluster';

let lab: Lab;
let cluster: Cluster;
let instance: Instance;
let servers: KeptServers;

beforeAll(async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'mysql-')), 'lab');
  lab = await startLab({
    folder,
    replicas: 0,
    router: 'none',
    lifetime: 'starter',
    durability: 'async',
    serverOptions: { db1: ['max-connections=20'] },
  });
  const inventory = await loadInventory(lab.inventoryPath);
  cluster = inventory.clusters[0]!;
  instance = cluster.instances[0]!;
});
afterAll(() => lab.down());

beforeEach(() => {
  servers = fresh();
});
afterEach(() => servers.close());

const fresh = (): KeptServers => openServers({ secrets: (reference) => resolveSecret(reference, lab.folder) });
const db1 = () => servers.of(cluster, instance);

async function failure(work: Promise<unknown>): Promise<RunbookError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RunbookError);
  return error as RunbookError;
}

/** The server notices a closed connection a moment after we close it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) if (Date.now() > end) throw new Error('the awaited state did not come');
}

describe('a server in trouble', () => {
  test('all connections taken: TOO_MANY_CONNECTIONS, unless an admin port is declared', async () => {
    const release = await lab.faults.exhaustConnections('db1');
    try {
      const without = { ...instance };
      delete (without as { adminPort?: number }).adminPort;
      const shut = servers.of({ ...cluster, name: 'without' }, without);
      // One connection more than max_connections is kept for whoever has CONNECTION_ADMIN: a kept connection takes it first.
      const spare = fresh();
      await until(() =>
        spare
          .of({ ...cluster, name: 'spare' }, without)
          .value('SELECT 1')
          .then(
            () => true,
            () => false,
          ),
      );
      expect((await failure(shut.value('SELECT 1'))).code).toBe('TOO_MANY_CONNECTIONS');
      await expect(db1().value('SELECT 1')).resolves.toBe(1);
      await spare.close();
    } finally {
      await release();
    }
  });

  test('stopped by SIGSTOP: kept and new connections both end at the deadline, and it is well again after SIGCONT', async () => {
    await db1().value('SELECT 1');
    lab.faults.hang('db1');
    try {
      // The signal may take a moment to stop all threads.
      let first: unknown;
      await until(async () => {
        first = await db1()
          .value('SELECT 1', [], { deadlineMs: 300 })
          .catch((error: unknown) => error);
        return first instanceof RunbookError;
      });
      expect(first).toMatchObject({
        code: 'HOST_TIMED_OUT',
        message: expect.stringContaining('an answer took more than 300 ms') as unknown,
      });
      for (const doing of ['connecting', 'connecting']) {
        const asked = performance.now();
        const error = await failure(db1().value('SELECT 1', [], { deadlineMs: 300 }));
        expect(error.code).toBe('HOST_TIMED_OUT');
        expect(error.message).toContain(`${doing} took more than 300 ms`);
        expect(performance.now() - asked).toBeLessThan(5000);
      }
    } finally {
      lab.faults.wake('db1');
    }
    await expect(db1().value('SELECT 1')).resolves.toBe(1);
  });

  test('killed: refused at once', async () => {
    await servers.warm(cluster);
    await lab.faults.kill('db1');
    // The first statement may still meet the end of a kept connection; it fails at once as well.
    await until(async () => (await failure(db1().value('SELECT 1'))).code !== 'CONNECTION_LOST');
    const asked = performance.now();
    const error = await failure(db1().value('SELECT 1'));
    expect([error.code, driverCodeOf(error)]).toEqual(['HOST_UNREACHABLE', 'ECONNREFUSED']);
    expect(performance.now() - asked).toBeLessThan(5000);
  });
});

describe('a link so slow that no caller has the patience for a login', () => {
  let far: Lab;
  let there: { readonly cluster: Cluster; readonly instance: Instance };
  beforeAll(async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'mysql-')), 'lab');
    far = await startLab({
      folder,
      replicas: 0,
      router: 'none',
      lifetime: 'starter',
      durability: 'async',
      links: true,
    });
    const found = (await loadInventory(far.inventoryPath)).clusters[0]!;
    there = { cluster: found, instance: found.instances[0]! };
    await far.faults.link('observer', 'db1', { kind: 'slow', delayMs: 100 });
  });
  afterAll(() => far.down());
  let logins = 0;
  const connect = (password?: string) => {
    logins = 0;
    const secrets = (reference: SecretReference) => {
      logins += 1;
      return password === undefined ? resolveSecret(reference, far.folder) : Promise.resolve(password);
    };
    const opened = openServers({ secrets });
    const db1 = opened.of(there.cluster, there.instance);
    return { opened, ask: () => db1.value('SELECT 1', [], { deadlineMs: 300 }) };
  };

  test('a login goes on without the caller who gave up, and the next one finds it', async () => {
    const { opened, ask } = connect();
    expect((await failure(ask())).message).toContain('connecting took more than 300 ms');
    await until(() =>
      ask().then(
        (answer) => answer === 1,
        () => false,
      ),
    );
    await expect(ask()).resolves.toBe(1);
    await opened.close();
  });

  test('a refusal that comes later than any caller waits is heard all the same', async () => {
    const { opened, ask } = connect('wrong');
    await until(async () => (await failure(ask())).code === 'AUTHENTICATION_FAILED');
    await opened.close();
  });

  test('no more than two logins are begun that nobody waits for', async () => {
    await far.faults.link('observer', 'db1', { kind: 'blackhole' });
    const { opened, ask } = connect();
    for (let calls = 0; calls < 6; calls += 1) expect((await failure(ask())).code).toBe('HOST_TIMED_OUT');
    expect(logins).toBe(2);
    await opened.close();
  });
});
