import { examine, renderDoctor } from '../../workflows/decisions/doctor';
import { silent, snapshotOf } from './members';
import { cases } from './doctor-cases';
import { cluster, fleet, semi } from './doctor-fleet';
import { dns } from './facts';

test('a sound fleet has no findings, and the rendering says so', () => {
  const { look } = fleet({});
  expect(examine(look, cluster)).toEqual([]);
  expect(renderDoctor([])).toMatch(/Nothing found/);
});

test.each(cases)('$severity: $finds', ({ finds, severity, on = 'db2', fix, count = 1, ...change }) => {
  const { look, cluster: declared } = fleet(change);
  const findings = examine(look, declared, { createTables: ['CREATE TABLE x'] });
  const found = findings.find(({ what, instance: at }) => finds.test(what) && at === on);
  expect(found).toMatchObject({ severity, instance: on });
  expect(findings.map(({ what }) => what)).toHaveLength(count);
  expect(found?.why).not.toBe('');
  if (fix)
    expect(found?.fix).toEqual(
      fix.map((one) => (typeof one === 'string' ? one : (expect.stringMatching(one) as unknown))),
    );
});

test('a 5.7 server is told what it can do: my.cnf instead of SET PERSIST, SLAVE instead of REPLICA', () => {
  const { look } = fleet({
    db1: { release: '5.7', version: '5.7.22' },
    db2: { release: '5.7', version: '5.7.22' },
    db2Variables: { sync_binlog: '0' },
    db2Channel: { heartbeatPeriodSeconds: 30 },
  });
  const fixes = examine(look, cluster)
    .filter(({ instance: at }) => at === 'db2')
    .flatMap(({ fix }) => fix);
  expect(fixes).toContain('SET GLOBAL sync_binlog = 1;');
  expect(fixes).toContain('-- and in the [mysqld] part of my.cnf: sync_binlog = 1');
  expect(fixes).toContain('CHANGE MASTER TO MASTER_HEARTBEAT_PERIOD = 1;');
  expect(fixes.join('\n')).not.toMatch(/PERSIST|REPLICA/);
});

test('an old source that is asked for heartbeats more often than each second is named', () => {
  const told = (change: Parameters<typeof fleet>[0]) =>
    examine(fleet({ ...change, db2Channel: { heartbeatPeriodSeconds: 0.5 } }).look, cluster).map(({ what }) => what);
  const old = { release: '5.7', version: '5.7.22' } as const;
  expect(told({ db1: old, db2: old }).join()).toMatch(/counts whole seconds/);
  expect(told({ db2: old }).join()).not.toMatch(/counts whole seconds/);
});

test('async promises nothing, so semi-sync is not asked for', () => {
  const { look } = fleet({
    db1: { semiSync: semi({ sourceInstalled: false, sourceEnabled: false, sourceActive: false }) },
  });
  expect(examine(look, { ...cluster, durability: 'async' })).toEqual([]);
});

test('the worst comes first, a finding on several members is told once, and a silent member is a finding', () => {
  const { look } = fleet({ db2Variables: { relay_log_recovery: 'OFF', sync_binlog: '0' } });
  const dark = snapshotOf(...look.members.slice(0, 2), silent('db3', 'auth failed'));
  const findings = examine(dark, cluster);
  expect(findings.map(({ severity, instance: at }) => [severity, at])).toEqual([
    ['bad', 'db2'],
    ['bad', 'db3'],
    ['warn', 'db2'],
  ]);
  const both = [findings[0]!, { ...findings[0]!, instance: 'db9' }];
  expect(renderDoctor(both)).toContain('BAD  db2, db9: sync_binlog is 0, not 1');
  expect(renderDoctor(both)).toContain('       SET PERSIST sync_binlog = 1;');
  expect(renderDoctor(findings)).toMatch(/2 bad, 1 to better, 0 to know$/);
});

test.each([
  ['bad', 'no answer', { writers: null, because: 'router edge: no answer' }],
  ['bad', 'sends writes to db2, and db1 is the primary', { writers: ['db2'] }],
  ['bad', 'sends writes to no server', { writers: [] }],
  ['warn', 'any of db1, db2, as its own health check finds', { writers: ['db1', 'db2'] }],
] as const)('a router, %s: %s', (severity, what, view) => {
  const { look } = fleet({});
  const routers = [{ router: 'edge', misconfigured: false, because: '', ...view }];
  expect(examine(look, cluster, { routers })).toMatchObject([
    { severity, instance: 'edge', what: expect.stringContaining(what) as string },
  ]);
});

test('a router that leads to the primary alone is as it should be', () => {
  const routers = [{ router: 'edge', writers: ['db1'], misconfigured: false, because: '' }];
  expect(examine(fleet({}).look, cluster, { routers })).toEqual([]);
});

test.each([
  ['leads to two servers', { writers: ['db1', 'db2'] }, 'its name for writes leads to db1 and db2'],
  [
    'lives longer than promised',
    { writers: ['db1'], staleForSeconds: 300 },
    'its record has a TTL of 300 s, and the inventory promises 5',
  ],
])('a DNS name that %s is bad', (_, view, what) => {
  const routers = [{ router: 'edge', misconfigured: false, because: '', ...view }];
  const named = { ...cluster, routers: [dns] };
  expect(examine(fleet({}).look, named, { routers })).toMatchObject([{ severity: 'bad', instance: 'edge', what }]);
});

test('where replicas are to be made, a server that nobody starts is named', () => {
  const policy = { afterFailover: 'no', maxMegabytesPerSecond: 0, donorLagSeconds: 10, rampSeconds: 60 } as const;
  const control = { kind: 'systemd', unit: 'mysql', sudo: false } as const;
  const instances = cluster.instances.map((one) => (one.name === 'db3' ? one : { ...one, control }));
  expect(examine(fleet({}).look, { ...cluster, provisioning: policy, instances })).toMatchObject([
    { severity: 'note', instance: 'db3', what: 'nothing in the inventory starts its server' },
  ]);
});
