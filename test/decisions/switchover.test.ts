import { type Cluster } from '../../workflows/decisions/cluster';
import { type InstanceFacts, type Member } from '../../workflows/decisions/facts';
import { summarise } from '../../workflows/decisions/plan';
import { decideSwitchover } from '../../workflows/decisions/switchover';
import { automatic, dns, P } from './facts';
import { executed, instance, primary, replica, silent, snapshotOf, soundDetail } from './members';

const epoch = { epoch: 1, primaryUuid: primary('db1').serverUuid, run: 'r' };
const sound = { ...executed(`${P}:1-100`), detail: soundDetail(), epoch };
const db1 = (change: Partial<InstanceFacts> = {}) => primary('db1', { ...sound, ...change });
const follower = (name: string, change: Partial<InstanceFacts> = {}, channel: object = {}) =>
  replica(name, 'db1', { ...sound, ...change }, channel);
const wellRouted = [{ router: 'edge', writers: ['db1'], misconfigured: false, because: '' }];

const declared = (change: Partial<Cluster> = {}): Cluster =>
  automatic({
    tls: { mode: 'verify', ca: '/ca.pem' },
    instances: ['db1', 'db2', 'db3'].map((name) => instance(name, { adminPort: 33_062 })),
    ...change,
  });

interface Wish {
  readonly to?: string;
  readonly datacentre?: string;
  readonly cluster?: Cluster;
  readonly writers?: readonly string[] | null;
  readonly staleForSeconds?: number;
  readonly acrossReleases?: boolean;
}
const decide = (
  members: readonly Member[],
  { to, datacentre, cluster = declared(), writers = ['db1'], staleForSeconds = 0, acrossReleases = false }: Wish = {},
) =>
  decideSwitchover({
    cluster,
    snapshot: snapshotOf(...members),
    routers: wellRouted.map((router) => ({ ...router, writers, staleForSeconds })),
    to: to ?? null,
    datacentre: datacentre ?? null,
    ...{ writeGapMs: 2000, acrossReleases },
  });
const reasons = (...given: Parameters<typeof decide>): string => {
  const decision = decide(...given);
  expect(decision.act).toBe('refuse');
  return decision.because;
};

const well = [db1(), follower('db2'), follower('db3')];

test('a sound fleet: the wanted replica takes over, the others and the old primary follow it', () => {
  const decision = decide(well, { to: 'db3' });
  if (decision.act !== 'carry out') throw new Error(decision.because);
  expect(decision.plan).toMatchObject({
    kind: 'switch over',
    oldPrimary: 'db1',
    newPrimary: 'db3',
    repoint: { db1: 'db3', db2: 'db3' },
    risks: [],
  });
});

test('without a name the best one is taken: what refuses one does not refuse another', () => {
  const decision = decide([db1(), follower('db2', {}, { applier: 'stopped' }), follower('db3')]);
  expect(decision).toMatchObject({ act: 'carry out', plan: { newPrimary: 'db3' } });
});

test('without a name a replica that nobody copies from is taken; where one was named, a backup refuses', () => {
  const jobs = [{ kind: 'backup' as const, by: 'mydumper', user: 'backup', sessions: [7] }];
  const members = [db1(), follower('db2', { detail: soundDetail({ jobs }) }), follower('db3')];
  expect(decide(members)).toMatchObject({ act: 'carry out', plan: { newPrimary: 'db3' } });
  expect(reasons(members, { to: 'db2' })).toMatch(/mydumper .* runs on db2/);
});

test('only a replica of the wanted datacentre', () => {
  const cluster = declared({
    instances: [instance('db1'), instance('db2', { datacentre: 'a' }), instance('db3', { datacentre: 'b' })].map(
      (one) => ({ ...one, adminPort: 33_062 }),
    ),
  });
  expect(decide(well, { cluster, datacentre: 'b' })).toMatchObject({ plan: { newPrimary: 'db3' } });
  expect(decide(well, { cluster, datacentre: 'a' })).toMatchObject({ plan: { newPrimary: 'db2' } });
  const withoutB = [db1(), follower('db2')];
  expect(reasons(withoutB, { cluster, datacentre: 'b' })).toMatch(/no replica in b can be read/);
  expect(decide(well, { cluster, datacentre: 'c' })).toMatchObject({
    act: 'refuse',
    refusals: [{ sentence: 'no instance of orders is in datacentre c', cure: 'name one of a, b' }],
  });
  expect(reasons(well, { cluster, datacentre: 'b', to: 'db2' })).toBe('db2 is in datacentre a and not in b');
  expect(decide(well, { cluster, datacentre: 'b', to: 'db3' })).toMatchObject({ plan: { newPrimary: 'db3' } });
});

test('a datacentre is named, and the inventory names none', () => {
  const cluster = declared({ instances: ['db1', 'db2'].map((name) => instance(name, { datacentre: '' })) });
  expect(decide([db1(), follower('db2')], { cluster, datacentre: 'a' })).toMatchObject({
    refusals: [{ cure: 'the inventory names no datacentre: write them there' }],
  });
});

test('it is the primary already: nothing to do', () => {
  expect(decide(well, { to: 'db1' })).toMatchObject({ act: 'stand down' });
});

test.each([
  ['nobody of that name', well, { to: 'db9' }, /db9 is not an instance of orders/],
  ['the primary is not well', [silent('db1', 'refused'), ...well.slice(1)], {}, /there is no primary that is well/],
  ['a member cannot be read', [db1(), follower('db2'), silent('db3')], { to: 'db2' }, /db3 cannot be read/],
  ['a router leads elsewhere', well, { writers: [] }, /router edge does not lead to db1/],
  [
    'another is writable',
    [db1(), follower('db2'), follower('db3', { readOnly: false })],
    { to: 'db2' },
    /db3 is writable too/,
  ],
  [
    'a prepared XA transaction',
    [db1({ detail: soundDetail({ preparedXa: ["X'61',X'',1"] }) }), ...well.slice(1)],
    {},
    /could commit behind the freeze/,
  ],
  [
    'errant transactions',
    [db1(), follower('db2', executed(`${P}:1-100,${follower('db2').serverUuid}:1`)), follower('db3')],
    { to: 'db2' },
    /db2 has 1 errant transaction/,
  ],
  ['delayed', [db1(), follower('db2', {}, { delaySeconds: 60 }), follower('db3')], { to: 'db2' }, /delayed by 60 s/],
  [
    'filters',
    [db1(), follower('db2', {}, { filters: ['Replicate_Do_DB=shop'] }), follower('db3')],
    { to: 'db2' },
    /replication filters/,
  ],
  [
    'no way back',
    [db1({ release: '8.4', version: '8.4.2' }), ...well.slice(1)],
    { to: 'db2' },
    /cannot replicate back from db2/,
  ],
] as const)('refuses: %s', (_, members, wish, because) => {
  expect(reasons(members, wish)).toMatch(because);
});

test('settings that clients would notice refuse, with the statement that mends them', () => {
  const detail = (variables: Record<string, string>) => {
    const base = soundDetail();
    return soundDetail({ variables: { ...base.variables, ...variables } });
  };
  const decision = decide(
    [
      db1({ detail: detail({ sql_mode: 'ANSI', max_connections: '500' }) }),
      follower('db2', { detail: detail({ sql_mode: '', max_connections: '100' }) }),
      follower('db3'),
    ],
    { to: 'db2' },
  );
  expect(decision).toMatchObject({
    act: 'refuse',
    refusals: [
      { sentence: 'sql_mode is  on db2 and ANSI on db1', cure: "SET PERSIST sql_mode = 'ANSI' on db2" },
      { sentence: 'max_connections is 100 on db2 and 500 on db1', cure: 'SET PERSIST max_connections = 500 on db2' },
    ],
  });
});

test.each([
  ['two servers only', { instances: ['db1', 'db2'] }, 1],
  ['commits wait for two replicas', {}, 2],
] as const)('refuses where nobody could acknowledge while the primary moves: %s', (_, fleet, waitForReplicaCount) => {
  const names = 'instances' in fleet ? fleet.instances : (['db1', 'db2', 'db3'] as const);
  const cluster = declared({ instances: names.map((name) => instance(name, { adminPort: 33_062 })) });
  const semiSync = { ...db1().semiSync, waitForReplicaCount };
  const members = [db1({ semiSync }), ...names.slice(1).map((name) => follower(name))];
  expect(reasons(members, { cluster, to: 'db2' })).toMatch(/nobody could acknowledge while the primary moves/);
  const without = { ...cluster, durability: 'async' as const };
  expect(decide(members, { cluster: without, to: 'db2' }).act).toBe('carry out');
});

describe('behind a DNS name', () => {
  const cluster = declared({ routers: [dns] });

  test('the plan says that nobody waits there, and compares what caches know with the write gap', () => {
    const decision = decide(well, { cluster, staleForSeconds: 5 });
    if (decision.act !== 'carry out') throw new Error(decision.because);
    expect(decision.plan.notes).toEqual([
      'nobody waits at router edge: resolvers may send clients to db1 for up to 5 s after the change, longer than the 2 s that clients wait elsewhere at most; it is read-only from the freeze on, and tells them so',
    ]);
    expect(summarise(decision.plan).lines.at(-1)).toBe(decision.plan.notes?.[0]);
  });

  test('a record that lives longer than the inventory promises is refused, with the cure', () => {
    expect(reasons(well, { cluster, staleForSeconds: 300 })).toContain(
      'resolvers keep the record of router edge for 300 s, and the inventory promises 5',
    );
  });
});

describe('between two releases', () => {
  const NO_AUTO = 'STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER';
  const old = { release: '5.7' as const, version: '5.7.22', detail: soundDetail({ variables: { sql_mode: NO_AUTO } }) };
  const fresh = {
    ...{ release: '8.0' as const, version: '8.0.12' },
    detail: soundDetail({ variables: { sql_mode: 'STRICT_TRANS_TABLES' } }),
  };
  const mixed = [db1(old), follower('db2', old), follower('db3', fresh), follower('db4', fresh)];
  const cluster = declared({
    durability: 'async',
    instances: ['db1', 'db2', 'db3', 'db4'].map((name) => instance(name, { adminPort: 33_062 })),
  });

  test('a newer one is refused, for there would be no way back', () =>
    expect(reasons(mixed, { to: 'db3', cluster })).toMatch(/cannot replicate back/));

  test('an upgrade may, and of the old ones the old primary alone follows the new one', () => {
    const decision = decide(mixed, { to: 'db3', cluster, acrossReleases: true });
    if (decision.act !== 'carry out') throw new Error(decision.because);
    expect(decision.plan.repoint).toEqual({ db4: 'db3', db1: 'db3' });
    expect(decision.plan.notes).toContain('db1 (5.7.22) will follow db3 (8.0.12) as the way back of an upgrade');
  });

  test('the way back takes the old settings as they were, and a release that is older', () => {
    const back = [
      primary('db3', { ...sound, ...fresh, detail: soundDetail({ variables: { max_connections: '500' } }) }),
      replica('db1', 'db3', { ...sound, ...old, detail: soundDetail({ variables: { max_connections: '100' } }) }),
      follower('db2', old),
      replica('db4', 'db3', { ...sound, ...fresh }),
    ];
    const upgrading = { ...cluster, upgrade: { green: ['db3', 'db4'] } };
    const wish = { to: 'db1', cluster: upgrading, acrossReleases: true, writers: ['db3'] };
    const decision = decide(back, wish);
    if (decision.act !== 'carry out') throw new Error(decision.because);
    expect(decision.plan.repoint).toEqual({ db4: 'db1', db3: 'db1' });
    expect(reasons(back, { ...wish, acrossReleases: false })).toMatch(/max_connections is 100 on db1 and 500 on db3/);
  });

  test('a SQL mode that is gone is no difference, another one is', () => {
    const other = { ...fresh, detail: soundDetail({ variables: { sql_mode: 'ANSI' } }) };
    expect(reasons([db1(old), follower('db3', other)], { to: 'db3', cluster, acrossReleases: true })).toMatch(
      /sql_mode is ANSI on db3/,
    );
  });
});
