import { decideProvision, type ProvisionQuestion } from '../../workflows/decisions/provision/decide';
import { refusalsOfDump } from '../../workflows/decisions/provision/logical';
import { parseGtidSet, print } from '../../workflows/decisions/gtid-set';
import { archivedReach } from '../../workflows/decisions/provision/backup';
import { bandwidthFor, give, tellGiven } from '../../workflows/decisions/provision/throttle';
import { type Member } from '../../workflows/decisions/facts';
import { type CopyFacts, type StoredCopy } from '../../workflows/decisions/provision/facts';
import { P } from './facts';
import { clusterOf, instance, primary, replica, silent, snapshotOf } from './members';

const copyFacts = (name: string, change: Partial<CopyFacts> = {}): CopyFacts => ({
  ...{ name, bytes: 1e9, plugins: ['clone'], schemas: ['shop'], nonInnodb: [], freeBytes: null },
  variables: { version: '9.7.4', max_allowed_packet: '67108864' },
  grants: ['GRANT ALL PRIVILEGES ON *.* TO `b`@`%`'],
  ...change,
});

const at = (set: string) => ({ gtid: { mode: 'ON', executed: set, purged: '' } });
const acks = { semiSync: { ...replica('db2', 'db1').semiSync, replicaActive: true } };
const head = primary('db1', at(`${P}:1-100`));
const fresh = primary('db4', {
  ...at(''),
  readOnly: true,
  superReadOnly: true,
  semiSync: { ...head.semiSync, sourceActive: false },
});

function ask(
  members: readonly Member[],
  change: Partial<ProvisionQuestion> = {},
  copies = ['db1', 'db2', 'db3', 'db4'],
  ofDb4: Partial<CopyFacts> = { schemas: [] },
) {
  const cluster = clusterOf(['db1', 'db2', 'db3'], {
    instances: [...['db1', 'db2', 'db3'].map((name) => instance(name)), instance('db4', { datacentre: 'b' })],
  });
  const facts = copies.map((name) => copyFacts(name, name === 'db4' ? ofDb4 : {}));
  return decideProvision({
    survey: { cluster, snapshot: snapshotOf(...members), routers: [], copies: facts, tools: [] },
    ...{ instance: 'db4', donor: null, strategy: null, rebuild: false, extras: 'refuse', without: [] },
    ...change,
  });
}
const plan = (...given: Parameters<typeof ask>) => {
  const decision = ask(...given);
  if (decision.act !== 'provision') throw new Error(decision.because);
  return decision.plan;
};
const behind = replica('db2', 'db1', { ...at(`${P}:1-90`), ...acks });
const close = replica('db3', 'db1', { ...at(`${P}:1-99`), ...acks });

test('the least lagged of two replicas gives, and nobody is asked', () => {
  expect(plan([head, behind, close, fresh])).toMatchObject({ strategy: 'clone', donor: 'db3', risks: [] });
});

test('the only replica that acknowledges gives by a person’s word alone', () => {
  const silentOne = replica('db2', 'db1', { ...at(`${P}:1-90`), semiSync: { ...acks.semiSync, replicaActive: false } });
  const { donor, risks } = plan([head, silentOne, close, fresh]);
  expect({ donor, risks }).toEqual({ donor: 'db2', risks: [] });
  expect(plan([head, close, fresh]).risks[0]?.sentence).toMatch(/commits wait for db3 alone/);
});

test('the primary gives only where there is no replica, and by a person’s word', () => {
  expect(plan([head, fresh])).toMatchObject({ donor: 'db1', risks: [{ code: 'DONOR_IS_PRIMARY' }] });
  expect(ask([head, close, fresh], { without: ['db3'] }).act).toBe('refuse');
});

test('a delayed replica, one whose applier stands, and one with transactions of its own never give', () => {
  const delayed = replica('db2', 'db1', at(`${P}:1-100`), { delaySeconds: 60 });
  const stopped = replica('db3', 'db1', at(`${P}:1-100`), { applier: 'stopped' });
  expect(plan([head, delayed, stopped, fresh]).donor).toBe('db1');
});

test.each([
  ['the primary itself', 'db1', [head, close], /db1 is the primary/],
  ['a server that cannot be read', 'db2', [head, silent('db2'), close], /db2 cannot be read/],
  ['a name that the inventory lacks', 'db9', [head, close], /db9 is not an instance of orders/],
] as const)('%s is refused', (_, name, members, words) => {
  expect(ask(members, { instance: name })).toMatchObject({
    act: 'refuse',
    because: expect.stringMatching(words) as string,
  });
});

test('a replica that is well is left alone unless the order says so', () => {
  expect(ask([head, behind, close], { instance: 'db2' }).act).toBe('stand down');
  expect(plan([head, behind, close, fresh], { instance: 'db2', rebuild: true }).donor).toBe('db3');
});

test('what it alone has is refused, or asked about', () => {
  const own = replica(
    'db2',
    'db1',
    { ...at(`${P}:1-90,aaaaaaaa-0000-0000-0000-00000000000a:1-2`) },
    { receiver: 'stopped' },
  );
  expect(ask([head, own, close], { instance: 'db2' }).because).toMatch(/db2 alone has aaaaaaaa\S+:1-2 \(invariant 4\)/);
  expect(plan([head, own, close], { instance: 'db2', extras: 'ask' }).risks).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ code: 'EXTRAS_LOST' })]) as object,
  );
});

test('a dump is not loaded where accounts that come along could not log in', () => {
  const logins = { caching_sha2_password: ["'b'@'%'"], mysql_native_password: ["'app'@'%'"] };
  const donor = copyFacts('db2', { logins, variables: { version: '8.0.12' } });
  const recipient = copyFacts('db4', { authenticates: ['caching_sha2_password'] });
  const tools = ['mysqldump', 'mysql'] as const;
  expect(refusalsOfDump({ tools }, donor, recipient, 'b').map(({ sentence }) => sentence)).toEqual([
    "accounts of db2 log in by mysql_native_password, which db4 (9.7.4) does not have: 'app'@'%'",
  ]);
  const has = copyFacts('db4', { authenticates: ['caching_sha2_password', 'mysql_native_password'] });
  expect(refusalsOfDump({ tools }, donor, has, 'b')).toEqual([]);
});

const OLD = 'bbbbbbbb-0000-0000-0000-00000000000b';
const B1 = { id: 'B1', gtids: `${P}:1-40`, endedAt: '2026-11-20T00:00:00Z', serverVersion: '9.7.4', bytes: 5e8 };
const stored: StoredCopy = {
  ...{ store: 'folder /b', backups: 2, archived: `${P}:41-80`, scratch: true },
  backup: B1,
};
const purgedTo = (number: number) =>
  primary('db1', { gtid: { mode: 'ON', executed: `${P}:1-100`, purged: `${P}:1-${number}` } });
const fromStore = (
  change: Partial<StoredCopy> | { readonly because: string } | null,
  {
    members = [head, close, fresh],
    wanted = 'backup',
    here = true,
  }: { readonly members?: readonly Member[]; readonly wanted?: 'backup' | null; readonly here?: boolean } = {},
) => {
  const cluster = clusterOf(['db1', 'db2', 'db3'], {
    instances: ['db1', 'db2', 'db3', 'db4'].map((name) => instance(name)),
  });
  const facts = ['db1', 'db2', 'db3', 'db4'].map((name) =>
    copyFacts(name, { filesHere: here, ...(name === 'db4' && { schemas: [] }) }),
  );
  const tools = ['mysqldump', 'mysql', 'zstd'] as const;
  const given = change === null ? {} : { stored: 'because' in change ? change : { ...stored, ...change } };
  return ask(members, {
    survey: { cluster, snapshot: snapshotOf(...members), routers: [], copies: facts, tools, ...given },
    strategy: wanted,
    extras: 'ask',
  });
};

test('a proven backup is taken by itself only where every donor would need a person’s word', () => {
  expect(fromStore({}, { wanted: null, members: [head, behind, close, fresh] })).toMatchObject({
    plan: { strategy: 'clone' },
  });
  expect(fromStore({}, { wanted: null })).toMatchObject({
    plan: { strategy: 'backup', donor: 'backup B1', backup: 'B1', comparedWith: 'db3', risks: [] },
  });
  expect(fromStore({ backup: null }, { wanted: null })).toMatchObject({
    plan: { strategy: 'clone', donor: 'db3', risks: [{ code: 'DONOR_ACKNOWLEDGES_ALONE' }] },
  });
  expect(fromStore({}, { members: [head, fresh] })).toMatchObject({ plan: { comparedWith: null } });
});

test.each<[string, Parameters<typeof fromStore>[0], Parameters<typeof fromStore>[1], RegExp]>([
  ['nothing is known of backups', null, {}, /inventory says nothing of backups/],
  ['the store cannot be read', { because: 'it is away' }, {}, /store of backups cannot be read: it is away/],
  ['none is proven', { backup: null }, {}, /no logical backup of orders that is proven \(2 in all\)/],
  ['there is no scratch place', { scratch: false }, {}, /no backups\.scratch/],
  [
    'the archive has a gap',
    { archived: `${P}:50-80` },
    { members: [purgedTo(60), close, fresh] },
    /:41-60, which neither/,
  ],
  [
    'the archive ends too early',
    {},
    { members: [purgedTo(90), close, fresh] },
    /db1 has purged \S+:81-90, which neither/,
  ],
  [
    'no worker is on its machine',
    {},
    { members: [purgedTo(60), close, fresh], here: false },
    /only where a worker runs/,
  ],
  ['it holds what the primary lacks', { backup: { ...B1, gtids: `${OLD}:1` } }, {}, /does not have \(invariant 4\)/],
])('a server is not filled from the store where %s', (_, change, more, words) => {
  expect(fromStore(change, more)).toMatchObject({ act: 'refuse', because: expect.stringMatching(words) as string });
});

test('what stands behind a gap of the archive is not applied, nor anything where an old primary’s end is missing', () => {
  const reach = (archived: string, executed: string) =>
    print(archivedReach(parseGtidSet(`${P}:1-40`), parseGtidSet(archived), parseGtidSet(executed), P));
  expect(reach(`${P}:41-80`, `${P}:1-100`)).toBe(`${P}:1-80`);
  expect(reach(`${P}:41-50:52-80`, `${P}:1-100`)).toBe(`${P}:1-50`);
  expect(reach(`${P}:41-80`, `${P}:1-70`)).toBe(`${P}:1-70`);
  expect(reach(`${P}:41-80,${OLD}:1-5`, `${P}:1-100,${OLD}:1-6`)).toBe(`${P}:1-40`);
});

const policy = { afterFailover: 'no', maxMegabytesPerSecond: 0, donorLagSeconds: 10, rampSeconds: 0 } as const;
test.each([
  ['it keeps up: no limit', { donorLagSeconds: 0, primaryWell: true, now: 0, rate: 100 }, 0],
  ['the cluster is not well: next to nothing', { donorLagSeconds: 0, primaryWell: false, now: 0, rate: 100 }, 1],
  ['it falls behind: half of what came', { donorLagSeconds: 11, primaryWell: true, now: 0, rate: 100 }, 50],
  ['still: half again', { donorLagSeconds: 30, primaryWell: true, now: 50, rate: 50 }, 25],
  ['it comes closer: as it is', { donorLagSeconds: 6, primaryWell: true, now: 25, rate: 25 }, 25],
  ['it keeps up again: twice as much', { donorLagSeconds: 0, primaryWell: true, now: 25, rate: 25 }, 50],
])('a donor, %s', (_, facts, megabytes) => {
  expect(bandwidthFor(facts, policy)).toBe(megabytes);
});

test('what is told of a throttle has no number that changes with every look', () => {
  const names = { donor: 'db2', primary: 'db1' };
  const told = (facts: object, more: object = {}) =>
    tellGiven(
      give({ donorLagSeconds: 0, primaryWell: true, now: 0, rate: 100, ...facts }, { ...policy, ...more }, names),
    );
  expect(told({})).toBe('');
  expect(told({}, { maxMegabytesPerSecond: 4 })).toBe(' (at most 4 MB/s: as the inventory says)');
  expect([11, 17].map((donorLagSeconds) => told({ donorLagSeconds }))).toEqual(
    Array(2).fill(' (at most 50 MB/s: db2 is more than 10 s behind)'),
  );
  expect(told({ donorLagSeconds: 6, now: 25 })).toBe(' (at most 25 MB/s: db2 was behind)');
  expect(told({ primaryWell: false })).toBe(' (at most 1 MB/s: db1 does not answer, or takes no writes)');
});

test('data without a GTID is dropped by nobody; half of a copy, whose mark stands, is dropped where a person agrees', () => {
  const members = [head, replica('db2', 'db1', at(`${P}:1-100`)), fresh];
  expect(ask(members, {}, undefined, { schemas: ['shop'] })).toMatchObject({
    act: 'refuse',
    because: expect.stringContaining('db4 has data (shop) and no GTID') as string,
  });
  const half = { schemas: ['shop'], half: 'from db2 of 2026-11-22 03:14:15' };
  expect(plan(members, {}, undefined, half).risks.slice(-1)).toEqual([
    expect.objectContaining({
      code: 'HALF_COPY_DROPPED',
      sentence: 'db4 holds half of a copy from db2 of 2026-11-22 03:14:15 and nothing of its own: it is dropped',
    }),
  ]);
  // Somebody has written there since: the mark proves nothing any more.
  const written = primary('db4', { ...fresh, ...at('11111111-2222-3333-4444-555555555555:1-3') });
  expect(ask([head, replica('db2', 'db1', at(`${P}:1-100`)), written], {}, undefined, half).act).toBe('refuse');
});
