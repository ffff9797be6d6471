import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inventoryJsonSchema, printJsonSchema } from '../../activities/inventory/json-schema';

test('docs/inventory.schema.json is what the code checks by; else run `runbook inventory schema > docs/inventory.schema.json`', () => {
  expect(readFileSync(join(__dirname, '../../docs/inventory.schema.json'), 'utf8')).toBe(printJsonSchema());
});

test('every setting is described, so that an editor can explain it', () => {
  expect(undescribed(inventoryJsonSchema(), '')).toEqual([]);
});

function undescribed(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key !== 'properties') return undescribed(value, `${path}/${key}`);
    return Object.entries(value as Record<string, object>).flatMap(([name, field]) => [
      ...('description' in field ? [] : [`${path}/${name}`]),
      ...undescribed(field, `${path}/${name}`),
    ]);
  });
}
