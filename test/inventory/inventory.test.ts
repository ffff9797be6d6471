import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCluster, loadInventory, parseInventory } from '../../activities/inventory/inventory';
import { RunbookError } from '../../activities/errors';

const SMALLEST = `
clusters:
  orders:
    durability: semi-sync
    instances:
      - { name: db1, host: 10.0.0.11, port: 3306, datacentre: a }
      - { name: db2, host: 10.0.0.12, port: 3306, datacentre: b }
      - { name: db3, host: 10.0.0.13, port: 3306, datacentre: b, delaySeconds: 3600 }
    accounts: { admin: { user: runbooks, password: { env: MYSQL_ADMIN_PASSWORD } }, replication: { user: repl, password: { file: secrets/repl } } }
`;

const ROUTER = `
    routers:
      - { kind: haproxy, socket: unix:run/admin.sock, writeBackend: mysql_write, writeAddress: "10.0.0.21:3306" }
      - { kind: haproxy, socket: "[::1]:9999", writeBackend: mysql_write, readBackend: mysql_read, writeAddress: "[::1]:3306" }
`;

test('the smallest inventory is filled in with the defaults that the manual names', () => {
  const inventory = parseInventory(SMALLEST, '/etc/runbooks/fleet.yaml');
  expect(inventory).toMatchObject({
    path: '/etc/runbooks/fleet.yaml',
    folder: '/etc/runbooks',
    reports: '/etc/runbooks/runbook-reports',
    limits: { automaticFailovers: { failovers: 3, perMinutes: 60 } },
    notifications: [],
    temporal: {},
  });
  expect(inventory.clusters).toEqual([
    {
      name: 'orders',
      durability: 'semi-sync',
      instances: [
        {
          name: 'db1',
          host: '10.0.0.11',
          port: 3306,
          datacentre: 'a',
          promotion: 'neutral',
          delaySeconds: 0,
          backupSource: false,
        },
        {
          name: 'db2',
          host: '10.0.0.12',
          port: 3306,
          datacentre: 'b',
          promotion: 'neutral',
          delaySeconds: 0,
          backupSource: false,
        },
        {
          name: 'db3',
          host: '10.0.0.13',
          port: 3306,
          datacentre: 'b',
          promotion: 'must_not',
          delaySeconds: 3600,
          backupSource: false,
        },
      ],
      accounts: {
        admin: { user: 'runbooks', password: { env: 'MYSQL_ADMIN_PASSWORD' } },
        replication: { user: 'repl', password: { file: '/etc/runbooks/secrets/repl' } },
      },
      routers: [],
      failover: {
        mode: 'approve',
        holdDownSeconds: 1,
        atMost: { failovers: 1, perMinutes: 60 },
        approvalMinutes: 30,
        applyStallSeconds: 60,
      },
      approvals: {
        needed: 1,
        groups: [],
        twoPersons: false,
        remindMinutes: 10,
        silence: 'reject',
        planned: 'go',
        people: [],
      },
      tls: { mode: 'encrypt' },
      schema: 'runbooks',
    },
  ]);
});

test('a delayed instance may be promoted only where the inventory says so', () => {
  const written = SMALLEST.replace('delaySeconds: 3600', 'delaySeconds: 3600, promotion: prefer_not');
  expect(parseInventory(written, 'fleet.yaml').clusters[0]!.instances[2]!.promotion).toBe('prefer_not');
});

test('routers get names by position, absolute socket paths and addresses in two parts', () => {
  const inventory = parseInventory(SMALLEST + ROUTER, '/etc/runbooks/fleet.yaml');
  expect(inventory.clusters[0]!.routers).toEqual([
    {
      kind: 'haproxy',
      name: 'haproxy-1',
      socket: 'unix:/etc/runbooks/run/admin.sock',
      writeBackend: 'mysql_write',
      writeAddress: { host: '10.0.0.21', port: 3306 },
    },
    {
      kind: 'haproxy',
      name: 'haproxy-2',
      socket: '[::1]:9999',
      writeBackend: 'mysql_write',
      readBackend: 'mysql_read',
      writeAddress: { host: '::1', port: 3306 },
    },
  ]);
});

test('programs and files of MySQL Router and of a hook are meant from the folder of the inventory, its own file from its host', () => {
  const inventory = parseInventory(
    `${SMALLEST}
    routers:
      - kind: mysqlrouter
        route: w
        configFile: /etc/mysqlrouter/mysqlrouter.conf
        restart: [systemctl, restart, mysqlrouter]
        restApi: { url: "https://r1:8443", account: { user: r, password: { file: secrets/r } }, ca: tls/ca.pem }
        writeAddress: "r1:6446"
      - { kind: command, command: [hooks/vip, --on, a/b], secrets: { token: { file: secrets/t } }, writeAddress: "10.0.0.9:3306" }
`,
    '/etc/runbooks/fleet.yaml',
  );
  expect(inventory.clusters[0]!.routers).toEqual([
    {
      kind: 'mysqlrouter',
      name: 'mysqlrouter-1',
      route: 'w',
      configFile: '/etc/mysqlrouter/mysqlrouter.conf',
      shell: [],
      restart: ['systemctl', 'restart', 'mysqlrouter'],
      restApi: {
        url: 'https://r1:8443',
        account: { user: 'r', password: { file: '/etc/runbooks/secrets/r' } },
        ca: '/etc/runbooks/tls/ca.pem',
      },
      deadlineSeconds: 10,
      writeAddress: { host: 'r1', port: 6446 },
    },
    {
      kind: 'command',
      name: 'command-2',
      command: ['/etc/runbooks/hooks/vip', '--on', 'a/b'],
      deadlineSeconds: 10,
      holds: false,
      reads: false,
      secrets: { token: { file: '/etc/runbooks/secrets/t' } },
      writeAddress: { host: '10.0.0.9', port: 3306 },
    },
  ]);
});

test('a ProxySQL is written as in the manual: addresses in two parts, its secret file absolute, readers left out or not', () => {
  const written = `${SMALLEST}
    routers:
      - { kind: proxysql, admin: 10.0.0.21:6032, account: { user: radmin, password: { env: PROXYSQL_ADMIN_PASSWORD } }, writers: 10, readers: 20, writeAddress: "10.0.0.21:6033" }
      - { kind: proxysql, name: spare, admin: "[::1]:6032", account: { user: radmin, password: { file: secrets/radmin } }, writers: 0, writeAddress: "[::1]:6033" }
`;
  expect(parseInventory(written, '/etc/runbooks/fleet.yaml').clusters[0]!.routers).toEqual([
    {
      kind: 'proxysql',
      name: 'proxysql-1',
      admin: { host: '10.0.0.21', port: 6032 },
      account: { user: 'radmin', password: { env: 'PROXYSQL_ADMIN_PASSWORD' } },
      tls: { mode: 'off' },
      writers: 10,
      readers: 20,
      writeAddress: { host: '10.0.0.21', port: 6033 },
    },
    {
      kind: 'proxysql',
      name: 'spare',
      admin: { host: '::1', port: 6032 },
      account: { user: 'radmin', password: { file: '/etc/runbooks/secrets/radmin' } },
      tls: { mode: 'off' },
      writers: 0,
      writeAddress: { host: '::1', port: 6033 },
    },
  ]);
});

test('a DNS router gets its defaults, its key by an absolute reference, and the name as its address', () => {
  const written = `${SMALLEST}    routers:
      - { kind: dns, server: "[::1]:53", zone: db.example.org, writeName: rw.db.example.org, key: { name: k, secret: { file: secrets/dns } } }
`;
  expect(parseInventory(written, '/etc/runbooks/fleet.yaml').clusters[0]!.routers).toEqual([
    {
      kind: 'dns',
      name: 'dns-1',
      server: { host: '::1', port: 53 },
      zone: 'db.example.org',
      writeName: 'rw.db.example.org',
      ttlSeconds: 5,
      key: { name: 'k', algorithm: 'hmac-sha256', secret: { file: '/etc/runbooks/secrets/dns' } },
      writeAddress: { host: 'rw.db.example.org', port: 3306 },
    },
  ]);
});

test('accounts may be shared between clusters by a YAML anchor', () => {
  const shared = SMALLEST.replace('accounts: {', 'accounts: &accounts {').concat(`
  users:
    durability: async
    instances: [{ name: db1, host: 10.0.0.31, port: 3306 }]
    accounts: *accounts
`);
  expect(parseInventory(shared, 'fleet.yaml').clusters.map(({ accounts }) => accounts.admin.user)).toEqual([
    'runbooks',
    'runbooks',
  ]);
});

test('notifications and Temporal are taken over, the address of a webhook by reference', () => {
  const written = `${SMALLEST}
reports: /var/reports
limits: { automaticFailovers: { failovers: 5 } }
notifications:
  - { kind: command, command: [/usr/local/bin/page-dba] }
  - { kind: webhook, url: { file: secrets/webhook } }
temporal: { address: "temporal.example:7233", namespace: databases }
`;
  expect(parseInventory(written, '/etc/fleet.yaml')).toMatchObject({
    reports: '/var/reports',
    limits: { automaticFailovers: { failovers: 5, perMinutes: 60 } },
    notifications: [
      { kind: 'command', command: ['/usr/local/bin/page-dba'] },
      { kind: 'webhook', url: { file: '/etc/secrets/webhook' } },
    ],
    temporal: { address: 'temporal.example:7233', namespace: 'databases' },
  });
});

test('an unknown cluster is answered with the nearest name and the list', () => {
  const inventory = parseInventory(SMALLEST, '/etc/fleet.yaml');
  expect(findCluster(inventory, 'orders').name).toBe('orders');
  const refusal = refusalOf(() => findCluster(inventory, 'ordres'));
  expect(refusal.code).toBe('UNKNOWN_CLUSTER');
  expect(refusal.message).toBe('there is no cluster "ordres" in /etc/fleet.yaml (did you mean "orders"?)');
  expect(refusal.hint).toBe('Clusters there: orders.');
});

test('all mistakes are listed in one INVENTORY_INVALID, and a missing file says how to name one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'inventory-'));
  try {
    const path = join(folder, 'fleet.yaml');
    await expect(loadInventory(path)).rejects.toMatchObject({
      code: 'INVENTORY_INVALID',
      message: `the inventory ${path} cannot be read: there is no such file`,
      hint: expect.stringContaining('--inventory FILE') as string,
    });
    await writeFile(path, SMALLEST.replace('semi-sync', 'sync').replace('port: 3306', 'port: "3306"'));
    await expect(loadInventory(path)).rejects.toMatchObject({
      code: 'INVENTORY_INVALID',
      message:
        'the inventory fleet.yaml has 2 mistakes:\n' +
        `  ${path}:4:17 clusters.orders.durability: expected one of async, semi-sync, lossless — write one of them\n` +
        `  ${path}:6:45 clusters.orders.instances[0].port: expected a whole number from 1 to 65535 — write the port without quotes\n`,
    });
    await writeFile(path, SMALLEST);
    await expect(loadInventory(path)).resolves.toMatchObject({ folder });
  } finally {
    await rm(folder, { recursive: true });
  }
});

function refusalOf(work: () => unknown): RunbookError {
  try {
    work();
  } catch (error) {
    if (error instanceof RunbookError) return error;
  }
  throw new Error('nothing was refused');
}

test('an approval policy knows the people of the fleet, and nothing of them that it does not need', () => {
  const written = `${SMALLEST}    approvals: { needed: 2, groups: [dba, managers], escalateMinutes: 5, twoPersons: true }
people:
  - { name: ana@example.com, roles: [operator, approver], group: dba, slack: U012AB3CD }
  - { name: bob@example.com, roles: [approver, breaker], group: managers, email: bob@example.org }
  - { name: screen, roles: [viewer] }
`;
  expect(parseInventory(written, 'fleet.yaml').clusters[0]!.approvals).toEqual({
    needed: 2,
    groups: ['dba', 'managers'],
    twoPersons: true,
    remindMinutes: 10,
    escalateMinutes: 5,
    silence: 'reject',
    planned: 'go',
    people: [
      { name: 'ana@example.com', roles: ['operator', 'approver'], group: 'dba' },
      { name: 'bob@example.com', roles: ['approver', 'breaker'], group: 'managers' },
      { name: 'screen', roles: ['viewer'] },
    ],
  });
});
