import {
  byLongestAgo,
  type DrillQuestion,
  type DrillRecord,
  judgeLoss,
  judgeMovement,
  type Seen,
  tellDrill,
  verdictOf,
  whyNoDrill,
} from '../../workflows/decisions/drill';
import { type DrillPolicy } from '../../workflows/decisions/drill-policy';
import { leftBehind, sourcesOf } from '../../workflows/decisions/came-along';
import { drawDrills } from '../../cli/drills-picture';
import { clusterOf, primary, replica, silent, snapshotOf, uuidOf } from './members';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const ago = (days: number): string => new Date(NOW - days * 86_400_000).toISOString();

const policyOf = {
  mode: 'kill',
  objective: { rtoMs: 1_000, lostRows: 0, writeGapMs: 500 },
  ...{ announceSeconds: 300, noticeSeconds: 30, startSeconds: 300, minDaysBetween: 7 },
  errorBudget: { missed: 1, perDays: 90 },
  extras: 'ask',
} as const;
const policy: DrillPolicy = { ...policyOf, killCommand: ['kill'] };
const policyWithoutKill: DrillPolicy = { ...policyOf };
const haproxy = {
  kind: 'haproxy',
  name: 'edge',
  ...{ socket: 's', writeBackend: 'w', writeAddress: { host: 'h', port: 3306 } },
} as const;
const orders = clusterOf(['db1', 'db2', 'db3'], { drill: policy, drillable: true, routers: [haproxy] });
const record = (change: Partial<DrillRecord> = {}): DrillRecord => ({
  ...{
    run: 'r',
    endedAt: ago(30),
    mode: 'kill',
    verdict: 'met',
    rtoMs: 700,
    objectiveMs: 1_000,
    lostRows: 0,
    backMs: 40,
  },
  ...{ oldPrimary: 'db1', newPrimary: 'db2', because: 'it passed' },
  ...change,
});
const fine: DrillQuestion = {
  ...{ cluster: orders, mode: 'kill', anyway: false, history: [record()], nowMs: NOW },
  ...{ opening: null, changing: null, primary: 'db1', refusals: [] },
};

test('on a good day nothing stands against it', () => {
  expect(whyNoDrill(fine)).toEqual([]);
});

const NOT_TODAY: readonly (readonly [string, Partial<DrillQuestion>, RegExp])[] = [
  ['no drill in the inventory', { cluster: clusterOf(['db1']) }, /^orders has no drill in the inventory$/],
  ['a kill that nobody allowed', { cluster: { ...orders, drillable: false } }, /^orders is not marked drillable/],
  [
    'a kill without anything that kills',
    { cluster: { ...orders, drill: policyWithoutKill } },
    /^nothing is known that kills db1$/,
  ],
  ['no router', { cluster: { ...orders, routers: [] } }, /^orders has no router that a client could measure at$/],
  ['another change', { changing: 'rejoinInstance' }, /^rejoinInstance is changing orders$/],
  [
    'a window that opens later',
    { opening: { opensMs: NOW + 3_600_000, closesMs: NOW + 7_200_000 } },
    /^no maintenance window of orders is open until 2026-11-21T11:00Z$/,
  ],
  [
    'a drill lately',
    { history: [record({ endedAt: ago(6) })] },
    /^the last drill of orders was at .*less than 7 days ago$/,
  ],
  [
    'an error budget that is used up',
    { history: [record({ verdict: 'missed', endedAt: ago(89), because: 'RTO 3 s' })] },
    /^the error budget of orders is used up: 1 drills missed the objective within 90 days, the last: RTO 3 s$/,
  ],
  ['what refuses a switchover', { refusals: [{ sentence: 'a backup runs', cure: 'wait' }] }, /^a backup runs$/],
];
test.each(NOT_TODAY)('not today: %s', (_, change, words) => {
  const refusals = whyNoDrill({ ...fine, ...change });
  expect(refusals.map(({ sentence }) => sentence)).toEqual([expect.stringMatching(words)]);
  expect(refusals[0]?.cure).not.toBe('');
});

test('a window that is open, a miss longer ago than the budget lasts, and one that was not measured are no obstacle', () => {
  expect(whyNoDrill({ ...fine, opening: { opensMs: NOW - 1, closesMs: NOW + 1 } })).toEqual([]);
  expect(whyNoDrill({ ...fine, history: [record({ verdict: 'missed', endedAt: ago(91) })] })).toEqual([]);
  expect(whyNoDrill({ ...fine, history: [record({ verdict: 'not measured' })] })).toEqual([]);
});

test('a person who has looked overrides the budget and the days between, and nothing else', () => {
  const history = [record({ verdict: 'missed', endedAt: ago(1) })];
  expect(whyNoDrill({ ...fine, history })).toHaveLength(2);
  expect(whyNoDrill({ ...fine, history, anyway: true })).toEqual([]);
  expect(whyNoDrill({ ...fine, anyway: true, changing: 'plannedSwitchover' })).toHaveLength(1);
});

test('an instance of its own fence command may be killed by it; the same refusal is told once', () => {
  const [db1, ...others] = orders.instances;
  const cluster = { ...orders, drill: policyWithoutKill, instances: [{ ...db1!, fenceCommand: ['off'] }, ...others] };
  expect(whyNoDrill({ ...fine, cluster })).toEqual([]);
  const twice = { sentence: 'a backup runs', cure: 'wait' };
  expect(whyNoDrill({ ...fine, refusals: [twice, twice] })).toHaveLength(1);
});

test('clusters are tried in the order of their last drills; one that never had any comes first', () => {
  const [a, b, c, d] = [
    { cluster: 'a', last: ago(3) },
    { cluster: 'b', last: ago(40) },
    { cluster: 'c', last: null },
    { cluster: 'd', last: null },
  ] as const;
  expect(byLongestAgo([a, b, c, d])).toEqual([c, d, b, a]);
  expect(byLongestAgo([])).toEqual([]);
});

const client = (router: string, longestMs: number, last = 'db2') => ({
  ...{ router, longestMs, acknowledged: [[1, 90] as const, [95, 100] as const] },
  last: uuidOf(last),
});
const movement = (seen: Seen | null, limitMs = 1_000) =>
  judgeMovement({ what: 'RTO', limitMs, seen, towards: uuidOf('db2').toUpperCase(), towardsName: 'db2' });

test('the slowest client decides; the sentence names measured and objective', () => {
  const seen = { clients: [client('one', 400), client('two', 1_001)], interrupted: false };
  const [assertion] = movement(seen);
  expect(assertion).toEqual({
    holds: false,
    measured: true,
    sentence: 'RTO 1001 ms at the client behind two, objective 1000 ms',
  });
  expect(verdictOf(movement(seen))).toBe('missed');
  expect(verdictOf(movement(seen, 1_001))).toBe('met');
});

test('a client that the new primary does not serve in the end is a miss, however quick the others were', () => {
  const assertions = movement({ clients: [client('one', 400), client('two', 900, 'db1')], interrupted: false });
  expect(verdictOf(assertions)).toBe('missed');
  expect(tellDrill(assertions)).toBe('The drill missed: the client behind two was not served by db2 in the end');
});

test.each([null, { clients: [client('one', 4)], interrupted: true }])(
  'what was not seen is no pass, and no miss: %j',
  (seen) => {
    const assertions = movement(seen);
    expect(verdictOf(assertions)).toBe('not measured');
    expect(tellDrill(assertions)).toMatch(/^The drill missed: RTO was not measured/);
  },
);

test('one acknowledged row that is missing is a miss, where none may be', () => {
  expect(judgeLoss(1, 96, policy.objective)).toMatchObject({
    holds: false,
    sentence: 'lost 1 of 96 acknowledged rows, objective 0',
  });
  expect(judgeLoss(1, 96, { ...policy.objective, lostRows: 1 })).toMatchObject({ holds: true });
});

test('everybody came along, or is named', () => {
  const routers = [{ router: 'edge', writers: ['db2'], misconfigured: false, because: '' }];
  const snapshot = snapshotOf(silent('db1', 'refused'), primary('db2'), replica('db3', 'db2'));
  expect(leftBehind({ cluster: orders, snapshot, routers }, 'db2', ['db1'])).toEqual([]);
  expect(leftBehind({ cluster: orders, snapshot, routers }, 'db2', [])).toEqual(['db1 cannot be read']);
  const behind = snapshotOf(primary('db2'), replica('db3', 'db1'), replica('db1', 'db2', {}, { receiver: 'stopped' }));
  const lost = [
    { ...routers[0]!, writers: ['db1', 'db2'] },
    { ...routers[0]!, router: 'two', writers: null, because: 'two is away' },
  ];
  expect(leftBehind({ cluster: orders, snapshot: behind, routers: lost }, 'db2', [])).toEqual([
    'replication of db1 does not run',
    'router edge leads to db1, db2, not to db2',
    'two is away',
  ]);
  expect(sourcesOf(snapshot)).toEqual({ db3: 'db2' });
});

test('the picture has a point for each drill that was measured, its numbers, and the objective as it was then', () => {
  const svg = drawDrills('orders & more', [
    record(),
    record({ endedAt: ago(1), verdict: 'missed', rtoMs: 2_500 }),
    record({ verdict: 'not measured', rtoMs: null }),
  ]);
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).toContain('2026-11-20 kill: 2500 ms, objective 1000 ms, missed');
  expect(svg).toContain('orders &amp; more');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  for (const few of [[], [record()]]) expect(drawDrills('orders', few)).not.toMatch(/NaN|Infinity|undefined/);
});
