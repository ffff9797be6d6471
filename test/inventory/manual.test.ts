import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInventory } from '../../activities/inventory/inventory';

const EXAMPLES = [
  ...readFileSync(join(__dirname, '../../docs/inventory.md'), 'utf8').matchAll(/```yaml\n(.*?)```/gs),
].map(([, text]) => text!);

test('the examples of docs/inventory.md are sound', () => {
  expect(EXAMPLES).toHaveLength(2);
  for (const text of EXAMPLES) expect(parseInventory(text, 'fleet.yaml').clusters[0]?.name).toBe('orders');
});

test('the full example shows the defaults that the program has', () => {
  const [smallest, full] = EXAMPLES.map((text) => parseInventory(text, 'fleet.yaml')) as [Inventory, Inventory];
  const { failover, tls, schema, instances } = smallest.clusters[0]!;
  expect(full.clusters[0]).toMatchObject({ failover, tls, schema });
  const { promotion, delaySeconds, backupSource } = instances[0]!;
  expect(full.clusters[0]!.instances[0]).toMatchObject({ promotion, delaySeconds, backupSource });
  expect(full).toMatchObject({ limits: smallest.limits, reports: smallest.reports });
});

type Inventory = ReturnType<typeof parseInventory>;
