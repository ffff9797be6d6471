import { type Deps, serverNamed } from '../../../activities/deps';
import { quarantine } from '../../../activities/fencing/quarantine';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { withLab } from '../../support/lab';

/** What a quarantine that could not close a server has left behind, and one that a person wanted. */
const lab = withLab({ replicas: 1, router: 'none' });
let servers: KeptServers;
let deps: Deps;
let cluster: Cluster;
beforeAll(async () => {
  const inventory = await loadInventory(lab().inventoryPath);
  const secret: Deps['secret'] = (reference) => resolveSecret(reference, lab().folder);
  servers = openServers({ secrets: secret });
  deps = {
    servers,
    secret,
    inventory: () => Promise.resolve(inventory),
    checkpoint: () => undefined,
    heartbeat: () => undefined,
  };
  cluster = inventory.clusters[0]!;
});
afterAll(() => servers.close());

const isOffline = () => lab().value('db2', 'SELECT @@global.offline_mode');

test('offline_mode that an earlier try of ours left on is off again when the server is closed', async () => {
  await serverNamed(deps, cluster, 'db2').run('SET GLOBAL offline_mode = ON');
  expect(await quarantine(deps, cluster, 'db2', 'db1')).toMatchObject({ reached: true, known: true });
  expect(await isOffline()).toBe(0);
});

test('offline_mode that a person has set stays', async () => {
  await lab().rows('db2', 'SET GLOBAL offline_mode = ON');
  expect(await quarantine(deps, cluster, 'db2', 'db1')).toMatchObject({ reached: true });
  expect(await isOffline()).toBe(1);
});
