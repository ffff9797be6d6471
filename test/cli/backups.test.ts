import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type BackupManifest,
  manifestKey,
  type Verification,
  verificationKey,
} from '../../workflows/decisions/backups/manifest';
import { compileCli, type Ended, runbook } from './compiled';

const FLEET = `clusters:
  orders:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: a, password: { env: ADMIN } }, replication: { user: r, password: { env: REPL } } }
    backups: { store: { kind: folder, path: backups }, archive: { folder: archive } }
  users:
    durability: async
    instances: [{ name: db1, host: 10.0.0.12, port: 3306 }]
    accounts: { admin: { user: a, password: { env: ADMIN } }, replication: { user: r, password: { env: REPL } } }
`;

let compiled: string;
let cwd: string;
beforeAll(() => {
  compiled = compileCli();
});
afterAll(() => rmSync(compiled, { recursive: true }));
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'runbook-cwd-'));
  mkdirSync(join(cwd, 'backups'));
  writeFileSync(join(cwd, 'fleet.yaml'), FLEET);
});
afterEach(() => rmSync(cwd, { recursive: true }));

const type = (line: string): Promise<Ended> =>
  runbook(compiled, line.split(' '), { cwd, env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });

function store(key: string, document: object): void {
  const path = join(cwd, 'backups', key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(document));
}

const HOUR = 3_600_000;
const iso = (hoursAgo: number) => new Date(Date.now() - hoursAgo * HOUR).toISOString();
function stored(id: string, hoursAgo: number, more: Partial<BackupManifest> = {}): void {
  const manifest: BackupManifest = {
    ...{ version: 1, id, cluster: 'orders', kind: 'logical', tool: 'mysqldump', serverVersion: '9.7.4', source: 'db2' },
    ...{ sourceUuid: '3e11fa47-71ca-11e1-9e33-c80aa9429562', gtidExecuted: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-9' },
    ...{ settings: {}, startedAt: iso(hoursAgo), endedAt: iso(hoursAgo) },
    tables: [{ schema: 'shop', name: 'orders', engine: 'InnoDB', rows: 42 }],
    files: [{ key: `orders/backups/${id}/schemas.sql.zst`, bytes: 2_000_000, sha256: '00', part: 'schemas' }],
    ...{ sealed: { compression: 'zstd', keyId: null }, base: null },
    ...more,
  };
  store(manifestKey('orders', id), manifest);
}

function verified(backup: string, verdict: Verification['verdict'], because: string): void {
  const said = { version: 1, backup, run: 'r', at: iso(1), verdict, because };
  store(verificationKey('orders', backup), { ...said, restoreMs: 12_300, bytes: 1, rows: 42, checks: [] });
}

test('backups: what the store has, the newest last, what is proven, and what was begun and never finished', async () => {
  stored('20261101T000000Z-aaaaaaaa', 480, { sealed: { compression: 'zstd', keyId: 'k1' } });
  verified('20261101T000000Z-aaaaaaaa', 'proven', 'it came back');
  stored('20261120T000000Z-bbbbbbbb', 30);
  verified('20261120T000000Z-bbbbbbbb', 'failed', 'shop.orders differs');
  stored('20261121T000000Z-cccccccc', 3, { kind: 'physical', base: '20261120T000000Z-bbbbbbbb' });
  store('orders/backups/20261122T000000Z-dddddddd/schemas.sql.zst', {});
  const { code, stdout, stderr } = await type('backups orders');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ {2,}/g, ' | '));
  expect(lines).toEqual([
    'id | age | kind | size | rows | encrypted | verified | restored in',
    '20261101T000000Z-aaaaaaaa | 20 days | logical | 2 MB | 42 | yes | proven 1 h ago | 12.3 s',
    '20261120T000000Z-bbbbbbbb | 30 h | logical | 2 MB | 42 | no | failed 1 h ago | 12.3 s',
    '20261121T000000Z-cccccccc | 3 h | on 20261120T000000Z-bbbbbbbb | 2 MB | 42 | no | never verified',
    'begun, without a manifest: 20261122T000000Z-dddddddd',
  ]);
  const { stdout: json } = await type('backups orders --json');
  expect(JSON.parse(json)).toMatchObject([
    { id: '20261101T000000Z-aaaaaaaa', encrypted: true, verified: { verdict: 'proven', restoreMs: 12_300 } },
    { id: '20261120T000000Z-bbbbbbbb', rows: 42, verified: { verdict: 'failed', because: 'shop.orders differs' } },
    { id: '20261121T000000Z-cccccccc', kind: 'physical', base: '20261120T000000Z-bbbbbbbb', verified: null },
  ]);
});

test('backups: where there are none, how to take one', async () => {
  expect(await type('backups orders')).toEqual({
    ...{ code: 0, stderr: '' },
    stdout: 'No backups of orders. Take one: runbook start backUp --cluster orders\n',
  });
  expect((await type('backups orders --json')).stdout.trim()).toBe('[]');
});

test('archive find: an archive without a file says so, and how far it looked', async () => {
  const line =
    'archive find orders --table shop.orders --kind drop,delete --from 2026-11-21T00:00:00+01:00 --to 2026-11-22T00:00:00Z';
  expect(await type(line)).toEqual({
    ...{ code: 0, stderr: '' },
    stdout:
      'The archive has nothing of the kind in that time.\nSearched 2026-11-20 23:00:00 to 2026-11-22 00:00:00 (UTC). The store has no binary log yet.\n',
  });
  expect((await type(`${line} --json`)).stdout.trim()).toBe('[]');
});

/** [what was typed, exit code, what is said] */
const REFUSED: readonly (readonly [string, number, string])[] = [
  ['backups', 2, "runbook: missing required argument 'cluster'\n"],
  ['backups ordres', 2, '(did you mean "orders"?). Clusters there: orders, users.\n'],
  ['backups users', 2, 'runbook: the inventory says nothing of backups of users. Write clusters.users.backups: '],
  ['archive find orders', 2, "runbook: required option '--table <schema.table>' not specified\n"],
  [
    'archive find orders --table orders',
    2,
    'runbook: "orders" does not name a table. For example --table shop.orders, or shop.* for all.\n',
  ],
  [
    'archive find orders --table shop.orders --kind dorp',
    2,
    'runbook: there is no kind "dorp". Kinds: drop, delete, update, insert, truncate, ddl.\n',
  ],
  [
    'archive find orders --table shop.orders --from yesterday',
    2,
    'runbook: --from "yesterday" is no time with its zone. For example --from 2026-11-22T03:00:00+01:00.\n',
  ],
  [
    'archive find orders --table shop.orders --from 2026-11-22T00:00:00Z --to 2026-11-21T00:00:00Z',
    2,
    'runbook: --from lies behind --to. Give both, the earlier one as --from.\n',
  ],
  [
    'archive find users --table shop.orders',
    2,
    'runbook: the inventory says nothing of backups of users. Write clusters.users.backups: ',
  ],
  ['archive find ordres --table shop.orders', 2, '(did you mean "orders"?). Clusters there: orders, users.\n'],
  ['archive start ordres', 2, '(did you mean "orders"?). Clusters there: orders, users.\n'],
  ['archive start users', 2, 'runbook: the inventory says nothing of backups of users. Write clusters.users.backups: '],
  ...['start', 'stop', 'status'].map(
    (word) => [`archive ${word} orders`, 1, 'runbook: Temporal does not answer at 127.0.0.1:1. '] as const,
  ),
];
test.each(REFUSED)('%s', async (line, code, words) => {
  const ended = await type(line);
  expect(ended.stderr).toContain(words);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
});

test('a store that is not there is one sentence with the cure', async () => {
  rmSync(join(cwd, 'backups'), { recursive: true });
  const { code, stdout, stderr } = await type('backups orders');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^runbook: the folder .*backups does not exist\. Create or mount it; /);
});
