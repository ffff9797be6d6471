import { parseInventory, examineInventory } from '../../activities/inventory/inventory';
import { printFinding } from '../../activities/inventory/findings';

const BEARER = 'auth: { kind: bearer, token: { env: T } }';
const RULES = "rules: [{ match: { alertname: MysqlDown }, cluster: '{{cluster}}' }]";

/** Line 10 is the gateway's first. */
const fleet = (gateway: string) => `clusters:
  orders:
    durability: async
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts:
      admin: { user: runbooks, password: { env: ADMIN } }
      replication: { user: repl, password: { env: REPL } }
people: [{ name: ana@example.com, roles: [approver] }]
gateway:
  ${gateway}
`;
const source = (text: string) => fleet(`sources: [{ name: am, kind: alertmanager, ${text} }]`);

test('a source, a rule and a caller: everything else has a default, and files are meant from the folder of the inventory', () => {
  const text = `sources: [{ name: am, kind: generic, auth: { kind: hmac, secret: { file: am } }, ${RULES} }]
  callers: [{ person: Ana@Example.com, token: { env: ANA } }]`;
  expect(parseInventory(fleet(text), '/etc/fleet/fleet.yaml').gateway).toEqual({
    listen: { host: '127.0.0.1', port: 9840 },
    plainText: false,
    perMinute: 300,
    sources: [
      {
        name: 'am',
        kind: 'generic',
        auth: { kind: 'hmac', secret: { file: '/etc/fleet/am' } },
        rules: [{ match: { alertname: ['MysqlDown'] }, cluster: '{{cluster}}', runbook: 'emergencyFailover' }],
      },
    ],
    callers: [{ person: 'Ana@Example.com', token: { env: 'ANA' } }],
  });
});

test.each<[string, string, RegExp]>([
  ['no proof of the sender', source(RULES), /sources\[0\]\.auth: is missing: expected how the sender proves who it is/],
  [
    'a token in the file',
    source(`auth: { kind: bearer, token: hunter2 }, ${RULES}`),
    /auth\.token: expected a token by reference — a secret is never written here/,
  ],
  [
    'Alertmanager, signed',
    source(`auth: { kind: hmac, secret: { env: T } }, ${RULES}`),
    /Alertmanager does not sign what it sends — use kind: bearer or mtls$/,
  ],
  [
    'certificates without their authority',
    source(`auth: { kind: mtls, subjects: [am] }, ${RULES}`),
    /no authority of clients is known — add gateway\.tls\.clientCa$/,
  ],
  ['no rules', source(BEARER), /rules: is missing: expected a list of at least one rule/],
  [
    'a rule for everything',
    source(`${BEARER}, rules: [{ match: {}, cluster: orders }]`),
    /match: expected labels with/,
  ],
  [
    'a cluster that is not there',
    source(`${BEARER}, rules: [{ match: { alertname: A }, cluster: users }]`),
    /rules\[0\]\.cluster: there is no cluster of this name — known here: orders$/,
  ],
  [
    'a runbook that alerts cannot start',
    source(`${BEARER}, rules: [{ match: { a: b }, cluster: orders, runbook: restoreToPoint }]`),
    /runbook: expected one of emergencyFailover/,
  ],
  [
    'the same name twice',
    fleet(
      `sources: [{ name: am, kind: generic, ${BEARER}, ${RULES} }, { name: am, kind: grafana, ${BEARER}, ${RULES} }]`,
    ),
    /this name is taken by gateway\.sources\[0\] — give every source its own name$/,
  ],
  [
    'tokens in plain text across the network',
    fleet('listen: 0.0.0.0:9840'),
    /gateway\.listen: tokens would cross the network in plain text — add tls, or plainText: true/,
  ],
  [
    'a token for a stranger',
    fleet('callers: [{ person: eve, token: { env: EVE } }]'),
    /callers\[0\]\.person: nobody of this name stands under people/,
  ],
])('%s is refused with its cure', (_, text, words) => {
  const { findings } = examineInventory(text, 'fleet.yaml');
  expect(findings.map(printFinding)).toEqual([expect.stringMatching(words)]);
});

test.each(['listen: "[::1]:9840"', 'listen: localhost:9840', 'plainText: true\n  listen: 10.0.0.5:9840'])(
  'it may listen: %s',
  (text) => expect(examineInventory(fleet(text), 'fleet.yaml').findings).toEqual([]),
);
