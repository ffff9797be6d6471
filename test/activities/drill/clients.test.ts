import { countLost, writeThroughout } from '../../../activities/drill/clients';
import { readDrills, recordDrill } from '../../../activities/drill/history';
import { emptyWrites, makeTables } from '../../../activities/drill/tables';
import { type Deps } from '../../../activities/deps';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { openServers } from '../../../activities/mysql/servers';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { type DrillRecord, type Seen } from '../../../workflows/decisions/drill';
import { withLab } from '../../support/lab';
import { eventually } from '../../support/wait';

const lab = withLab({ replicas: 0, durability: 'async' });
const secret = (reference: Parameters<typeof resolveSecret>[0]) => resolveSecret(reference, '/');
const servers = openServers({ secrets: secret });
afterAll(() => servers.close());
let cluster: Cluster;
let deps: Deps;
beforeAll(async () => {
  const inventory = await loadInventory(lab().inventoryPath);
  cluster = inventory.clusters[0]!;
  deps = {
    ...{ servers, secret, inventory: () => Promise.resolve(inventory) },
    ...{ checkpoint: () => undefined, heartbeat: () => undefined },
  };
});
const db1 = () => servers.of(cluster, cluster.instances[0]!);

const order = { drill: 'aaaaaaaa-0000-0000-0000-000000000000', part: 'there' } as const;
const until = async (attempt: number, state: () => Promise<unknown>): Promise<Seen> => {
  const stop = new AbortController();
  const seen = writeThroughout({ secret, cancelled: () => stop.signal, attempt: () => attempt }, { cluster, ...order });
  await state();
  stop.abort();
  return seen;
};
const rows = async () => Number(await lab().value('db1', 'SELECT COUNT(*) FROM runbooks.drill_writes'));

test('the tables are made where they are missing, and left alone where they are; before there is no history', async () => {
  expect(await readDrills(db1(), cluster.schema)).toEqual([]);
  await makeTables(db1(), cluster.schema);
  const before = await lab().value('db1', 'SELECT @@global.gtid_executed');
  await makeTables(db1(), cluster.schema);
  expect(await lab().value('db1', 'SELECT @@global.gtid_executed')).toBe(before);
});

test('every acknowledged row is counted, a missing one is lost, and a silence is as long as it was', async () => {
  const { uuid } = lab().server('db1');
  const seen = await until(1, async () => {
    await eventually('rows come', async () => (await rows()) >= 20);
    await lab().rows('db1', 'SET GLOBAL super_read_only = ON');
    const closedAt = performance.now();
    await eventually('half a second is over', () => performance.now() - closedAt > 500);
    await lab().rows('db1', 'SET GLOBAL read_only = OFF');
    const reached = await rows();
    await eventually('rows come again', async () => (await rows()) > reached + 5);
  });
  expect(seen).toMatchObject({ interrupted: false, clients: [{ router: 'haproxy-1', last: uuid }] });
  const [client] = seen.clients;
  expect(client!.longestMs).toBeGreaterThanOrEqual(500);
  // Numbers that were refused are no part of it.
  expect(client!.acknowledged.length).toBeGreaterThanOrEqual(2);
  const question = { cluster, ...order, primary: 'db1', seen };
  expect(await countLost(deps, question)).toBe(0);

  const [, [from]] = client!.acknowledged as [unknown, [number, number]];
  await lab().rows('db1', 'DELETE FROM runbooks.drill_writes WHERE sequence IN (3, ?)', [from]);
  expect(await countLost(deps, question)).toBe(2);
  await emptyWrites(db1(), cluster.schema);
  expect(await rows()).toBe(0);
});

test('told to stop in the middle of a silence, a client waits until it is served once more', async () => {
  let closedAt = 0;
  const seen = until(1, async () => {
    await eventually('rows come', async () => (await rows()) >= 3);
    await lab().rows('db1', 'SET GLOBAL super_read_only = ON');
    closedAt = performance.now();
  });
  await eventually('it has been told', () => closedAt > 0);
  await eventually('a moment is over', () => performance.now() - closedAt > 300);
  await lab().rows('db1', 'SET GLOBAL read_only = OFF');
  expect((await seen).clients[0]!.longestMs).toBeGreaterThanOrEqual(300);
});

test('an attempt after one that died says so', async () => {
  const seen = await until(2, () => eventually('rows come', async () => (await rows()) >= 3));
  expect(seen.interrupted).toBe(true);
});

test('a drill that is written twice stands in the history once, as it was written', async () => {
  const record: DrillRecord = {
    ...{ run: order.drill, endedAt: '2026-11-21T10:00:00.123Z', mode: 'kill', verdict: 'missed', rtoMs: 2_500 },
    ...{
      objectiveMs: 1_000,
      lostRows: null,
      backMs: null,
      oldPrimary: 'db1',
      newPrimary: 'db2',
      because: 'RTO 2500 ms',
    },
  };
  for (const rtoMs of [1, 2_500]) await recordDrill(deps, { cluster, primary: 'db1', drill: { ...record, rtoMs } });
  expect(await readDrills(db1(), cluster.schema)).toEqual([record]);
});
