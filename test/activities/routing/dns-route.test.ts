import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Deps } from '../../../activities/deps';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { fenceRouters, routeWrites } from '../../../activities/routing/writes';
import { switchPrimary } from '../../../activities/switchover/switch';
import { reservePorts } from '../../../lab/ports';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { attempted } from '../../support/attempts';
import { withLab } from '../../support/lab';
import { type Relay, relayTo } from '../../support/relay';
import { type OneNamed, startOneNamed, WRITES } from './one-named';

/**
 * Two real servers and a real BIND. Clients know one port, so each server also listens at an address of its own: a relay at
 * 127.0.0.2 and 127.0.0.3.
 */
const lab = withLab({ replicas: 1, durability: 'async', router: 'none' });

let named: OneNamed;
let cluster: Cluster;
let servers: KeptServers;
let deps: Deps;
let relays: Relay[] = [];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dns-route-'));
  named = await startOneNamed({ records: 'orders-rw 5 A 127.0.0.2' });
  const key = join(folder, 'key');
  writeFileSync(key, `${named.secret}\n`, { mode: 0o600 });
  const [port = 0] = await reservePorts(1, folder);
  const hosts = ['127.0.0.2', '127.0.0.3'];
  relays = await Promise.all(lab().servers.map((server, index) => relayTo(server.port, { host: hosts[index]!, port })));

  const inventory = await loadInventory(lab().inventoryPath);
  const [declared] = inventory.clusters;
  cluster = {
    ...declared!,
    instances: declared!.instances.map((instance, index) => ({ ...instance, host: hosts[index]!, port })),
    routers: [
      {
        ...named.router,
        key: { ...named.router.key, secret: { file: key } },
        // Nobody's resolver knows this name: a proof that asked one would fail.
        writeAddress: { host: WRITES, port },
      },
    ],
  };
  const secret: Deps['secret'] = (reference) => resolveSecret(reference, folder);
  servers = openServers({ secrets: secret });
  deps = {
    servers,
    secret,
    inventory: () => Promise.resolve(inventory),
    checkpoint: () => undefined,
    heartbeat: () => undefined,
  };
}, 600_000);

afterAll(async () => {
  await servers.close();
  for (const one of relays) one.close();
  await named.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a planned switch: the record leads to the new primary, a write goes where new clients go, and what caches know is told', async () => {
  const order = {
    cluster,
    from: 'db1',
    to: 'db2',
    below: [],
    run: 'run-1',
    minEpoch: 2,
    budgetMs: 10_000,
    settings: {},
  };
  const switched = await attempted((attempt) => switchPrimary(deps, order, attempt));
  if (switched.result !== 'switched') throw new Error(switched.because);
  expect(switched.uuid).toBe(lab().server('db2').uuid);
  expect(switched.routed.routers).toEqual([
    {
      router: 'dns-1',
      proved: true,
      elapsedMs: expect.any(Number) as number,
      staleForSeconds: 5,
      because: 'a write came through',
      noProof: 'a name server cuts no sessions, and resolvers keep what they know',
    },
  ]);
  expect(await named.told(WRITES)).toEqual(['127.0.0.3 5']);
  // Whoever still goes by the old address is told that it is read-only.
  expect(await lab().value('db1', 'SELECT @@global.super_read_only')).toBe(1);
});

test('the proof is by the server that answers there, not by the record', async () => {
  const primary = { cluster, primary: 'db2', uuid: lab().server('db1').uuid };
  const { routers, provedAt } = await routeWrites(deps, primary);
  expect(routers).toMatchObject([
    { router: 'dns-1', proved: false, because: expect.stringContaining('not to') as string },
  ]);
  expect(provedAt).toBeNull();
}, 30_000);

test('a fence finds that DNS is none, and leaves the record', async () => {
  expect(await fenceRouters(deps, cluster)).toEqual([
    {
      router: 'dns-1',
      fenced: false,
      because: 'not fenced: DNS cuts no sessions, and resolvers may keep the old address of router dns-1 for 5 s',
    },
  ]);
  expect(await named.told(WRITES)).toEqual(['127.0.0.3 5']);
});
