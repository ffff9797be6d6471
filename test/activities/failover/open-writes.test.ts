import { resolveSecret } from '../../../activities/inventory/secrets';
import { loadInventory } from '../../../activities/inventory/inventory';
import { type Mysql } from '../../../activities/mysql/mysql';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { openWrites, withRightToOpen } from '../../../activities/replication/open-writes';
import { faultsOf } from '../../../lab/faults';
import { withLab } from '../../support/lab';
import { eventually } from '../../support/wait';

const lab = withLab({ replicas: 0, router: 'none' });
let servers: KeptServers;
let db1: Mysql;
beforeAll(async () => {
  const { clusters } = await loadInventory(lab().inventoryPath);
  const [cluster] = clusters;
  const instance = cluster?.instances[0];
  if (!cluster || !instance) throw new Error('the lab has no server');
  servers = openServers({ secrets: (reference) => resolveSecret(reference, lab().folder) });
  db1 = servers.of(cluster, instance);
});
afterAll(() => servers.close());
beforeEach(() => db1.run('SET GLOBAL super_read_only = ON'));

const isClosed = async () => (await lab().value('db1', 'SELECT @@global.read_only')) === 1;
const claims = () =>
  lab().rows('db1', "SELECT 1 FROM performance_schema.metadata_locks WHERE OBJECT_TYPE = 'USER LEVEL LOCK'");

test('writes are opened, and opened again; the right to do so is given back', async () => {
  await openWrites(db1);
  await openWrites(db1);
  expect(await isClosed()).toBe(false);
  await eventually('no claim is left', async () => (await claims()).length === 0);
});

test('a server that hangs as it is told to open does not open when it wakes up', async () => {
  const faults = faultsOf(lab().state);
  const hanging = hangsBefore(db1, /read_only = /, () => faults.hang('db1'));
  await expect(openWrites(hanging)).rejects.toMatchObject({ code: 'HOST_TIMED_OUT' });
  faults.wake('db1');
  await eventually('it has carried out what it was sent', async () => (await claims()).length === 0);
  expect(await isClosed()).toBe(true);
});

test('who asks last has the right: the one before opens nothing, however late it comes', async () => {
  await withRightToOpen(db1, 10_000, async ({ open }) => {
    await withRightToOpen(db1, 10_000, () => Promise.resolve());
    await expect(open()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
  expect(await isClosed()).toBe(true);
});

/** The same server; `hang` comes just before the first statement that matches is sent. */
function hangsBefore(server: Mysql, statement: RegExp, hang: () => void): Mysql {
  return {
    ...server,
    session: (work, options) =>
      server.session(
        (session) =>
          work({
            ...session,
            run: (sql, values) => {
              if (statement.test(sql)) hang();
              return session.run(sql, values);
            },
          }),
        options,
      ),
  };
}
