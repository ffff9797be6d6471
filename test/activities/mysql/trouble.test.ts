import { RunbookError } from '../../../activities/errors';
import { driverCodeOf } from '../../../activities/mysql/driver-errors';
import { type KeptServers } from '../../../activities/mysql/servers';
import { type Lab } from '../../../lab';
import { eventually } from '../../support/wait';
import { db1Of, failure, withOneServer } from './one-server';
import { type Cluster, type Instance } from '../../../workflows/decisions/cluster';

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

describe('a server in trouble', () => {
  test('all connections taken: TOO_MANY_CONNECTIONS, unless an admin port is declared', async () => {
    const release = await lab.faults.exhaustConnections('db1');
    try {
      const without = { ...instance };
      delete (without as { adminPort?: number }).adminPort;
      const shut = servers.of({ ...cluster, name: 'without' }, without);
      // One connection more than max_connections is kept for whoever has CONNECTION_ADMIN: a kept connection takes it first.
      const spare = one().connect();
      await eventually('the spare connection is taken', () =>
        spare.of({ ...cluster, name: 'spare' }, without).value('SELECT 1'),
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
      await eventually('it hangs', async () => {
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
    await eventually(
      'the awaited state',
      async () => (await failure(db1().value('SELECT 1'))).code !== 'CONNECTION_LOST',
    );
    const asked = performance.now();
    const error = await failure(db1().value('SELECT 1'));
    expect([error.code, driverCodeOf(error)]).toEqual(['HOST_UNREACHABLE', 'ECONNREFUSED']);
    expect(performance.now() - asked).toBeLessThan(5000);
  });
});
