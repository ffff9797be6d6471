import { type Alert, type AlertRule, placeAlert, tellAlert } from '../../workflows/decisions/alerts';

const alert = (labels: Record<string, string>, summary = ''): Alert => ({
  state: 'firing',
  fingerprint: 'f00d',
  since: '',
  labels,
  summary,
});
const rule = (match: Record<string, string[]>, cluster: string): AlertRule => ({
  match,
  cluster,
  runbook: 'emergencyFailover',
});
const down = { alertname: 'MysqlDown', cluster: 'orders' };
const CLUSTERS = ['orders', 'eu-users'];

test.each<[string, Record<string, string>, AlertRule[], object]>([
  ['its own label', down, [rule({ alertname: ['MysqlDown'] }, '{{cluster}}')], { cluster: 'orders' }],
  ['a fixed name', { service: 'P1' }, [rule({ service: ['P1'] }, 'orders')], { cluster: 'orders' }],
  [
    'a name made of labels',
    { env: 'eu', db: 'users' },
    [rule({ env: ['eu'] }, '{{env}}-{{ db }}')],
    { cluster: 'eu-users' },
  ],
  [
    'the first rule that matches',
    down,
    [rule({ alertname: ['Other'] }, 'eu-users'), rule({ alertname: ['X', 'MysqlDown'] }, 'orders')],
    { cluster: 'orders' },
  ],
  ['one label of two', down, [rule({ alertname: ['MysqlDown'], severity: ['page'] }, 'orders')], { place: 'ignored' }],
  ['a property of every object', { a: 'b' }, [rule({ toString: ['x'] }, 'orders')], { place: 'ignored' }],
  [
    'a label that is not there',
    { alertname: 'MysqlDown' },
    [rule({ alertname: ['MysqlDown'] }, '{{cluster}}')],
    { place: 'nowhere', because: 'the alert MysqlDown has no label cluster' },
  ],
  [
    'a cluster that is not there',
    { alertname: 'MysqlDown', cluster: '../change' },
    [rule({ alertname: ['MysqlDown'] }, '{{cluster}}')],
    { place: 'nowhere', because: 'the alert MysqlDown is about a cluster that the inventory does not have' },
  ],
])('an alert is placed by %s', (_, labels, rules, expected) => {
  expect(placeAlert(alert(labels), rules, CLUSTERS)).toMatchObject(expected);
});

test('the reason of a run is one printable line, however the sender wrote it', () => {
  const told = tellAlert(alert({ ...down, instance: 'db1:9104' }, `down\u001b[2J\nsince ${'9'.repeat(900)}`));
  expect(told).toMatch(/^the alert MysqlDown of db1:9104: down \[2J since 9+$/);
  expect(told.length).toBeLessThan(500);
});
