import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { examineInventory } from '../../activities/inventory/inventory';
import { printOpenApi } from '../../workers/gateway/openapi';

const manual = readFileSync(join(__dirname, '../../docs/gateway.md'), 'utf8');
const examples = [...manual.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);

test('docs/gateway.openapi.json is what the code checks by; else run `runbook gateway --openapi > docs/gateway.openapi.json`', () => {
  expect(readFileSync(join(__dirname, '../../docs/gateway.openapi.json'), 'utf8')).toBe(printOpenApi());
});

test('the snippets of docs/gateway.md are YAML, and those of the inventory are sound together', () => {
  for (const text of examples) expect(parseDocument(text).errors).toEqual([]);
  const [first, ...more] = examples.filter((text) => /^gateway:|^ {4}- name|^ {2}callers:/m.test(text));
  const sources = more.filter((text) => text.startsWith('    - name'));
  const callers = more.filter((text) => text.startsWith('  callers'));
  expect([sources.length, callers.length]).toEqual([3, 1]);
  const inventory = `clusters:
  orders:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts:
      admin: { user: runbooks, password: { env: ADMIN } }
      replication: { user: repl, password: { env: REPL } }
people: [{ name: ana@example.com, roles: [approver] }]
${first}${sources.join('')}${callers.join('')}`;
  const { inventory: read, findings } = examineInventory(inventory, 'fleet.yaml');
  expect(findings).toEqual([]);
  expect(read?.gateway?.sources.map(({ kind }) => kind)).toEqual(['alertmanager', 'grafana', 'pagerduty', 'generic']);
});
