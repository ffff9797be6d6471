import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInventory } from '../../activities/inventory/open';

const fleet = (name: string) => `clusters:
  ${name}:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: a, password: { env: A } }, replication: { user: r, password: { env: R } } }
`;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inventory-'));
  path = join(folder, 'fleet.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

test('a saved change is seen by the next call, an unchanged file is not read again', async () => {
  await writeFile(path, fleet('orders'));
  const inventory = await openInventory(path);
  const first = await inventory.current();
  expect(first.inventory.clusters[0]?.name).toBe('orders');
  expect(await inventory.current()).toBe(first);

  await writeFile(path, fleet('users'));
  expect(await inventory.current()).toMatchObject({ inventory: { clusters: [{ name: 'users' }] }, problem: null });
});

test('a saved mistake leaves the last good inventory in force and is reported until it is cured', async () => {
  await writeFile(path, fleet('orders'));
  const inventory = await openInventory(path);

  await writeFile(path, fleet('orders').replace('async', 'sync'));
  for (const look of ['at once', 'and later']) {
    const reading = await inventory.current();
    expect([look, reading.inventory.clusters[0]?.durability]).toEqual([look, 'async']);
    expect(reading.problem?.message).toContain(`${path}:3:17 clusters.orders.durability`);
  }

  await unlink(path);
  const gone = await inventory.current();
  expect(gone.inventory.clusters[0]?.name).toBe('orders');
  expect(gone.problem?.message).toContain('there is no such file');

  await writeFile(path, fleet('repaired'));
  expect(await inventory.current()).toMatchObject({ inventory: { clusters: [{ name: 'repaired' }] }, problem: null });
});

test('a bad file at the first look is an error: there is nothing good to go on with', async () => {
  await writeFile(path, 'clusters: {}');
  await expect(openInventory(path)).rejects.toMatchObject({ code: 'INVENTORY_INVALID' });
});
