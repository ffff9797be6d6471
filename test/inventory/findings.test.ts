import { examineInventory } from '../../activities/inventory/inventory';
import { printFinding } from '../../activities/inventory/findings';

const INSTANCE = '{ name: db1, host: 10.0.0.11, port: 3306 }';
const ACCOUNTS = `admin: { user: runbooks, password: { env: ADMIN } }
      replication: { user: repl, password: { env: REPL } }`;

/** A sound inventory with one part replaced; line 4 is the durability, 5 the instances, 6 the first of them, 8 and 9 the accounts. */
const fleet = ({ durability = 'durability: async', instance = INSTANCE, accounts = ACCOUNTS, more = '', top = '' }) =>
  `# fleet.yaml
clusters:
  orders:
    ${durability}
    instances:
      - ${instance}
    accounts:
      ${accounts}
    ${more}
${top}
`;

const findings = (text: string) => examineInventory(text, 'fleet.yaml').findings.map(printFinding);

test('the inventory that the tables below change is sound', () => {
  expect(findings(fleet({}))).toEqual([]);
});

/** [what was written wrong, the inventory, every line that is printed] */
const TABLE: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a port in quotes',
    fleet({ instance: '{ name: db1, host: 10.0.0.11, port: "3306" }' }),
    [
      'fleet.yaml:6:45 clusters.orders.instances[0].port: expected a whole number from 1 to 65535 — write the port without quotes',
    ],
  ],
  [
    'a port that is no port, said once',
    fleet({ instance: '{ name: db1, host: 10.0.0.11, port: -0.5 }' }),
    ['fleet.yaml:6:45 clusters.orders.instances[0].port: expected a whole number from 1 to 65535 — for example 3306'],
  ],
  [
    'a port with the key and no value',
    fleet({ instance: '{ name: db1, host: 10.0.0.11, port: }' }),
    [
      'fleet.yaml:6:45 clusters.orders.instances[0].port: is empty: expected a whole number from 1 to 65535 — for example 3306',
    ],
  ],
  [
    'a missing port, pointed to the instance',
    fleet({ instance: '{ name: db1, host: 10.0.0.11 }' }),
    [
      'fleet.yaml:6:9 clusters.orders.instances[0].port: is missing: expected a whole number from 1 to 65535 — for example 3306',
    ],
  ],
  [
    'a host with its port',
    fleet({ instance: '{ name: db1, host: "10.0.0.11:3306", port: 3306 }' }),
    [
      'fleet.yaml:6:28 clusters.orders.instances[0].host: expected a host name or an IP address — for example 10.0.0.11; the port has a line of its own',
    ],
  ],
  [
    'a name that is a number',
    fleet({ instance: '{ name: 1, host: 10.0.0.11, port: 3306 }' }),
    [
      'fleet.yaml:6:17 clusters.orders.instances[0].name: expected a name of letters, digits, "-", "_" and "." — put it in quotes',
    ],
  ],
  [
    'a slip in a key, and one that resembles nothing',
    fleet({ instance: '{ name: db1, host: 10.0.0.11, port: 3306, delay_second: 60, colour: red }' }),
    [
      'fleet.yaml:6:51 clusters.orders.instances[0].delay_second: there is no setting of this name (did you mean "delaySeconds"?) — known here: name, host, port, adminPort, datacentre, promotion, delaySeconds, backupSource, fenceCommand, control',
      'fleet.yaml:6:69 clusters.orders.instances[0].colour: there is no setting of this name — known here: name, host, port, adminPort, datacentre, promotion, delaySeconds, backupSource, fenceCommand, control',
    ],
  ],
  [
    'a span of time with a unit',
    fleet({
      instance: '{ name: db1, host: 10.0.0.11, port: 3306, delaySeconds: 1h }',
      more: 'failover: { approvalMinutes: 2 hours }',
    }),
    [
      'fleet.yaml:6:65 clusters.orders.instances[0].delaySeconds: expected a number of seconds from 0 to 31536000 — write the number alone, without a unit: 3600',
      'fleet.yaml:10:34 clusters.orders.failover.approvalMinutes: expected a number of minutes from 1 to 10080 — write the number alone, without a unit: 120',
    ],
  ],
  [
    'approvals of a group without an approver, and of more people than there are',
    fleet({
      more: 'approvals: { groups: [dba, managers] }',
      top: 'people: [{ name: ana, roles: [approver], group: dba }, { name: dan, roles: [operator], group: managers }]',
    }),
    [
      'fleet.yaml:10:32 clusters.orders.approvals.groups[1]: no approver is of this group — write group: at those people who are, or drop it here',
    ],
  ],
  [
    'more approvals than approvers',
    fleet({
      more: 'approvals: { needed: 2 }',
      top: 'people: [{ name: ana, roles: [approver] }, { name: dan, roles: [operator] }]',
    }),
    [
      'fleet.yaml:10:26 clusters.orders.approvals.needed: only 1 may approve: ana — give more people the role approver, or ask for fewer',
    ],
  ],
  [
    'an escalation to nobody',
    fleet({ more: 'approvals: { escalateMinutes: 5 }' }),
    ['fleet.yaml:10:35 clusters.orders.approvals.escalateMinutes: there is no next group — name two groups or more'],
  ],
  [
    'an escalation after the deadline',
    fleet({
      more: 'approvals: { groups: [a, b], escalateMinutes: 30 }',
      top: 'people: [{ name: ana, roles: [approver], group: a }, { name: bob, roles: [approver], group: b }]',
    }),
    [
      'fleet.yaml:10:51 clusters.orders.approvals.escalateMinutes: the question is closed by then — write less than approvalMinutes (30)',
    ],
  ],
  [
    'a promotion rule with a hyphen',
    fleet({ instance: '{ name: db1, host: 10.0.0.11, port: 3306, promotion: must-not }' }),
    [
      'fleet.yaml:6:62 clusters.orders.instances[0].promotion: expected one of prefer, neutral, prefer_not, must_not — write it as must_not',
    ],
  ],
  [
    'maintenance windows without a time, with an offset for a zone, and with a day that is none',
    fleet({
      more: `maintenanceWindows:
      - { days: [sunday], from: 2am, to: '05:00' }
      - { from: '02:00', to: '24:00', timeZone: Europe/Berln }
      - { from: '02:00', to: '05:00', timeZone: '+01:00', days: [] }`,
    }),
    [
      'fleet.yaml:11:18 clusters.orders.maintenanceWindows[0].days[0]: expected one of sun, mon, tue, wed, thu, fri, sat — write one of them',
      "fleet.yaml:11:33 clusters.orders.maintenanceWindows[0].from: expected a time of day as HH:MM — write it in quotes, for example '02:00'",
      "fleet.yaml:12:30 clusters.orders.maintenanceWindows[1].to: expected a time of day as HH:MM — write it in quotes, for example '02:00'",
      'fleet.yaml:12:49 clusters.orders.maintenanceWindows[1].timeZone: expected the name of a time zone — for example Europe/Berlin (did you mean "Europe/Berlin"?)',
      'fleet.yaml:13:49 clusters.orders.maintenanceWindows[2].timeZone: expected the name of a time zone — for example Europe/Berlin',
      'fleet.yaml:13:65 clusters.orders.maintenanceWindows[2].days: expected a list of at least one day — for example [sat, sun]; leave the line out for every day',
    ],
  ],
  [
    'two applications of one name',
    fleet({
      more: `applications:
      - { name: shop, user: shop, command: [/bin/true] }
      - { name: shop, user: shop2, command: [/bin/true] }`,
    }),
    [
      'fleet.yaml:12:17 clusters.orders.applications[1].name: this name is taken by clusters.orders.applications[0] — give every application of a cluster its own name',
    ],
  ],
  [
    'a command as one text',
    fleet({ instance: '{ name: db1, host: 10.0.0.11, port: 3306, fenceCommand: ssh db1 poweroff }' }),
    [
      'fleet.yaml:6:65 clusters.orders.instances[0].fenceCommand: expected a program and its arguments as a list — write it as a list: [ssh, db1, sudo, systemctl, stop, mysql]',
    ],
  ],
  [
    'a password where a reference belongs; it is not repeated',
    fleet({ accounts: ACCOUNTS.replace('{ env: ADMIN }', 'hunter2') }),
    [
      'fleet.yaml:8:42 clusters.orders.accounts.admin.password: expected a password by reference — a secret is never written here; say where it is found: { env: MYSQL_ADMIN_PASSWORD }, { file: secrets/admin }, { command: [pass, show, mysql/admin] }, { vault: { path: mysql/admin } } or { aws: { id: mysql/admin } }',
    ],
  ],
  [
    'a reference with two ways, and one with none',
    fleet({
      accounts: ACCOUNTS.replace('{ env: ADMIN }', '{ env: ADMIN, file: secrets/admin }').replace(
        '{ env: REPL }',
        '{}',
      ),
    }),
    [
      'fleet.yaml:8:42 clusters.orders.accounts.admin.password: expected exactly one of env, file, command, vault, aws — write { env: MYSQL_ADMIN_PASSWORD }, { file: secrets/admin }, { command: [pass, show, mysql/admin] }, { vault: { path: mysql/admin } } or { aws: { id: mysql/admin } }',
      'fleet.yaml:9:44 clusters.orders.accounts.replication.password: expected exactly one of env, file, command, vault, aws — write { env: MYSQL_ADMIN_PASSWORD }, { file: secrets/admin }, { command: [pass, show, mysql/admin] }, { vault: { path: mysql/admin } } or { aws: { id: mysql/admin } }',
    ],
  ],
  [
    'an environment variable with its dollar sign',
    fleet({ accounts: ACCOUNTS.replace('env: ADMIN', 'env: $ADMIN') }),
    [
      'fleet.yaml:8:49 clusters.orders.accounts.admin.password.env: expected the name of an environment variable — write its name alone, without "$"',
    ],
  ],
  [
    'a router of a kind that comes later',
    fleet({ more: 'routers: [{ kind: vip, address: "10.0.0.21" }]' }),
    [
      'fleet.yaml:10:23 clusters.orders.routers[0].kind: routers of kind vip are not supported yet — supported: haproxy, proxysql, mysqlrouter, dns, command; drive it by a program with kind: command (docs/routers.md), or leave it out and switch it by hand',
    ],
  ],
  [
    'a router with a socket and an address that cannot be',
    fleet({
      more: 'routers: [{ kind: haproxy, socket: /run/haproxy.sock, writeBackend: w, writeAddress: "db:99999" }]',
    }),
    [
      'fleet.yaml:10:40 clusters.orders.routers[0].socket: expected unix:/path or host:port of the stats socket — write it as in unix:/run/haproxy/admin.sock or 10.0.0.21:9999',
      'fleet.yaml:10:90 clusters.orders.routers[0].writeAddress: expected an address as host:port — write it as in 10.0.0.21:3306',
    ],
  ],
  [
    'a MySQL Router and a hook as nobody can drive them',
    fleet({
      more: `routers:
      - { kind: mysqlrouter, route: "routing:w", configFile: router.conf, restart: systemctl, restApi: { url: "https://u:p@r1:8443/x", account: { user: r, password: { env: R } } }, writeAddress: "10.0.0.21:6446" }
      - { kind: command, command: hooks/vip, deadlineSeconds: 10s, secrets: { token: hunter2 }, writeAddress: "10.0.0.21" }`,
    }),
    [
      'fleet.yaml:11:37 clusters.orders.routers[0].route: expected the name of a route — NAME alone of the section [routing:NAME]',
      "fleet.yaml:11:62 clusters.orders.routers[0].configFile: expected an absolute file name on the router's host — for example /etc/mysqlrouter/mysqlrouter.conf",
      'fleet.yaml:11:84 clusters.orders.routers[0].restart: expected a program and its arguments as a list — write it as a list: [ssh, root@10.0.0.21, systemctl, restart, mysqlrouter]',
      'fleet.yaml:11:111 clusters.orders.routers[0].restApi.url: expected a web address without a path — write it as in https://10.0.0.21:8443, the address and port of [http_server]',
      'fleet.yaml:12:35 clusters.orders.routers[1].command: expected a program and its arguments as a list — write it as a list: [hooks/virtual-ip, --address, 10.0.0.100/24, --interface, eth0]',
      'fleet.yaml:12:63 clusters.orders.routers[1].deadlineSeconds: expected a number of seconds from 1 to 60 — write the number alone, without a unit: 10',
      'fleet.yaml:12:86 clusters.orders.routers[1].secrets.token: expected a secret by reference — a secret is never written here; say where it is found: { env: MYSQL_ADMIN_PASSWORD }, { file: secrets/admin }, { command: [pass, show, mysql/admin] }, { vault: { path: mysql/admin } } or { aws: { id: mysql/admin } }',
      'fleet.yaml:12:111 clusters.orders.routers[1].writeAddress: expected an address as host:port — write it as in 10.0.0.21:3306',
    ],
  ],
  [
    'a ProxySQL without its account, with a hostgroup in quotes',
    fleet({
      more: 'routers: [{ kind: proxysql, admin: "10.0.0.21", writers: "10", writeAddress: "10.0.0.21:6033" }]',
    }),
    [
      'fleet.yaml:10:15 clusters.orders.routers[0].account: is missing: expected an account of admin-admin_credentials with user and password — for example { user: runbooks, password: { env: MYSQL_ADMIN_PASSWORD } }',
      'fleet.yaml:10:40 clusters.orders.routers[0].admin: expected an address as host:port — write it as in 10.0.0.21:6032',
      'fleet.yaml:10:62 clusters.orders.routers[0].writers: expected the number of a hostgroup — write it without quotes',
    ],
  ],
  [
    'a ProxySQL whose reads would go where its writes go',
    fleet({
      more: 'routers: [{ kind: proxysql, admin: "p:6032", account: { user: radmin, password: { env: P } }, writers: 10, readers: 10, writeAddress: "p:6033" }]',
    }),
    [
      'fleet.yaml:10:121 clusters.orders.routers[0].readers: reads would go to the hostgroup of the writers — give each a hostgroup of its own, or drop readers',
    ],
  ],
  [
    'a DNS router whose names are elsewhere, whose key is written out and whose TTL has a unit',
    fleet({
      more: 'routers: [{ kind: dns, server: 10.0.0.53, zone: db.example.org., writeName: "*.db", ttlSeconds: 5s, key: hunter2 }]',
    }),
    [
      'fleet.yaml:10:36 clusters.orders.routers[0].server: expected an address as host:port — write it as in 10.0.0.53:53',
      'fleet.yaml:10:53 clusters.orders.routers[0].zone: expected the name of a zone — write it without the dot at its end',
      'fleet.yaml:10:81 clusters.orders.routers[0].writeName: expected a name in the zone — for example orders-rw.db.example.org',
      'fleet.yaml:10:101 clusters.orders.routers[0].ttlSeconds: expected a number of seconds from 1 to 3600 — write the number alone, without a unit: 5',
      'fleet.yaml:10:110 clusters.orders.routers[0].key: expected a key with name and secret — for example { name: runbooks, secret: { env: DNS_KEY } }; tsig-keygen makes one',
    ],
  ],
  [
    'DNS names that one update cannot reach, or that are one and the same',
    fleet({
      more: `routers:
      - { kind: dns, server: "10.0.0.53:53", zone: db.example.org, writeName: rw.other.org, key: { name: k, secret: { env: K } } }
      - { kind: dns, server: "10.0.0.53:53", zone: db.example.org, writeName: rw.db.example.org, readName: RW.db.example.org, key: { name: k, secret: { env: K } } }`,
    }),
    [
      'fleet.yaml:11:79 clusters.orders.routers[0].writeName: this name is not in the zone of this router — write the whole name, or correct the zone',
      'fleet.yaml:12:108 clusters.orders.routers[1].readName: this is the name for writes — give reads a name of their own, or drop the line',
    ],
  ],
  [
    'the same name and the same address twice',
    fleet({ instance: `${INSTANCE}\n      - ${INSTANCE}` }),
    [
      'fleet.yaml:7:17 clusters.orders.instances[1].name: this name is taken by clusters.orders.instances[0] — give every instance of a cluster its own name',
      'fleet.yaml:7:45 clusters.orders.instances[1].port: this host and port are those of clusters.orders.instances[0] — list every server once',
    ],
  ],
  [
    'a server in two clusters',
    fleet({}).replace(
      '  orders:',
      '  users:\n    durability: async\n    instances: [{ name: x, host: 10.0.0.11, port: 3306 }]\n    accounts: { admin: { user: a, password: { env: A } }, replication: { user: r, password: { env: R } } }\n  orders:',
    ),
    [
      'fleet.yaml:10:45 clusters.orders.instances[0].port: this host and port are those of clusters.users.instances[0] — list every server once',
    ],
  ],
  [
    'a certificate authority that would not be used',
    fleet({ more: 'tls: { ca: ca.pem }' }),
    ['fleet.yaml:10:16 clusters.orders.tls.ca: ca is used only with mode verify — add mode: verify, or drop ca'],
  ],
  [
    'half of a certificate of our own',
    fleet({ more: 'tls: { certificate: own.pem }' }),
    ['fleet.yaml:10:25 clusters.orders.tls.certificate: certificate and key belong together — write both, or neither'],
  ],
  [
    'a cluster name that cannot be one',
    fleet({}).replace('  orders:', '  my orders:'),
    [
      'fleet.yaml:3:3 clusters.my orders: expected a cluster name of letters, digits, "-", "_" and "." — for example orders',
    ],
  ],
  [
    'an address of Temporal without a port',
    fleet({ top: 'temporal: { address: localhost }' }),
    ['fleet.yaml:11:22 temporal.address: expected an address as host:port — write it as in 127.0.0.1:7233'],
  ],
  [
    'a web address written out',
    fleet({ top: 'notifications: [{ kind: webhook, url: "https://chat.example/T0KEN" }]' }),
    [
      'fleet.yaml:11:39 notifications[0].url: expected a web address by reference — a secret is never written here; say where it is found: { env: MYSQL_ADMIN_PASSWORD }, { file: secrets/admin }, { command: [pass, show, mysql/admin] }, { vault: { path: mysql/admin } } or { aws: { id: mysql/admin } }',
    ],
  ],
  [
    'clusters as a list',
    'clusters:\n  - name: orders\n',
    [
      'fleet.yaml:2:3 clusters: expected at least one cluster, by name — for example clusters: { orders: { durability: semi-sync, … } }; see docs/inventory.md',
    ],
  ],
  [
    'an empty file',
    '',
    ['fleet.yaml:1:1 is empty: expected an inventory with clusters — see docs/inventory.md for the smallest one'],
  ],
  [
    'a quote that is not closed',
    'clusters:\n  orders: "x\n',
    ['fleet.yaml:3:1 a closing quote, bracket or brace is missing — add it'],
  ],
  ['a tab', 'clusters:\n\torders: 1\n', ['fleet.yaml:2:1 a tab is used to indent — use spaces']],
  [
    'a key twice',
    fleet({ more: 'durability: semi-sync' }),
    ['fleet.yaml:10:5 this key stands twice in the same map — keep one of them'],
  ],
  [
    'an alias of nothing',
    fleet({ durability: 'durability: *policy' }),
    [
      'fleet.yaml:2:1 this is not valid YAML: Unresolved alias (the anchor must be set before the alias): policy — define each &anchor once, before its *alias',
    ],
  ],
];

test.each(TABLE)('%s', (_, text, expected) => {
  expect(findings(text)).toEqual(expected);
});

test('what was written is never repeated in a finding: it may be a password in the wrong place', () => {
  for (const written of [
    'hunter2',
    '[hunter2]',
    '{ value: hunter2 }',
    '{ env: hunter2!, file: [hunter2] }',
    '{ command: hunter2 }',
  ]) {
    const printed = findings(fleet({ accounts: ACCOUNTS.replace('{ env: ADMIN }', written) }));
    expect(printed).not.toEqual([]);
    expect(printed.join('\n')).not.toContain('hunter2');
  }
});

test('a mistake inside an anchor is shown where it is written, not where it is used', () => {
  const text = fleet({ accounts: 'admin: &one { user: runbooks, password: { envv: X } }\n      replication: *one' });
  expect(findings(text).map((line) => line.split(' ', 1)[0])).toEqual(expect.arrayContaining(['fleet.yaml:8:49']));
  expect(findings(text).every((line) => line.startsWith('fleet.yaml:8:'))).toBe(true);
});
