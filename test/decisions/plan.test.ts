import { type FailoverPlan, freeze, newRisks, type PlanWithoutHash, summarise } from '../../workflows/decisions/plan';
import { automatic, commit, deaf, decide, P, planOf, seen, sighting } from './facts';
import { primary, silent } from './members';

const look = (applied: number) =>
  sighting(
    [
      silent('db1', 'refused'),
      deaf('db2', { executed: `${P}:1-${applied}`, retrieved: `${P}:1-100` }),
      deaf('db3', { executed: `${P}:1-90` }),
    ],
    { lastSeen: seen(`${P}:1-100`) },
  );
const plan = planOf(decide(automatic(), look(95)));

test('the same facts give the same hash, in whatever order they are written', () => {
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as unknown as PlanWithoutHash;
  expect(freeze(turned).hash).toBe(plan.hash);
  expect(planOf(decide(automatic(), look(95))).hash).toBe(plan.hash);
  expect(plan.hash).toMatch(/^[0-9a-f]{64}$/);
});

test.each<[string, Partial<PlanWithoutHash>]>([
  ['another kind', { kind: 'finish' }],
  ['another new primary', { newPrimary: 'db3' }],
  ['another old primary', { oldPrimary: 'db9' }],
  ['another giver', { fetchFrom: 'db3' }],
  ['another follower', { repoint: {} }],
  ['a risk', { risks: [{ code: 'NO_FENCE', invariant: 1, sentence: 'no fence' }] }],
  ['a greater loss', { rpo: { provablyZero: false, lost: `${P}:101`, lostCount: 1, because: 'seen' } }],
  ['another sentence', { summary: 'promote db2' }],
  ['a candidate less', { ranking: plan.ranking.slice(1) }],
  ['a candidate that is barred', { ranking: plan.ranking.map((one) => ({ ...one, barred: ['delayed by 60 s'] })) }],
])('%s is another plan', (_, change) => {
  expect(freeze({ ...plan, ...change }).hash).not.toBe(plan.hash);
});

test('positions that move while a human reads do not void the approval: a disputed primary still writes', () => {
  expect(freeze({ ...plan, target: `${P}:1-101` }).hash).toBe(plan.hash);
});

test('a replica that goes on applying while a human reads does not void the approval', () => {
  expect(planOf(decide(automatic(), look(99))).hash).toBe(plan.hash);
});

test('two looks at a primary that answers but does not commit give one plan, although the clock moved', () => {
  const stalled = (ms: number, at: string) =>
    planOf(
      decide(
        automatic(),
        sighting([primary('db1'), deaf('db2', { executed: '' }), deaf('db3', { executed: '' })], {
          probe: commit('timed out', ms),
          lastSeen: seen('', { at }),
        }),
      ),
    );
  expect(stalled(499, '2025-12-31T23:59:59.000Z').hash).toBe(stalled(503, '2025-12-31T23:59:59.400Z').hash);
});

describe('what a human has not agreed to yet', () => {
  const risk = (code: string, sentence: string) => ({ code, invariant: 2, sentence });
  const with_ = (lost: string, ...risks: ReturnType<typeof risk>[]): Pick<FailoverPlan, 'risks' | 'rpo'> => ({
    risks,
    rpo: { provablyZero: false, lost, lostCount: 0, because: '' },
  });

  test('nothing when the risks are the same', () => {
    expect(newRisks(with_('', risk('A', 'a')), with_('', risk('A', 'a')))).toEqual([]);
  });

  test('a loss that grew, not one that shrank', () => {
    const agreed = with_(`${P}:1-5`, risk('KNOWN_LOSS', 'five'));
    expect(newRisks(agreed, with_(`${P}:1-6`, risk('KNOWN_LOSS', 'six')))).toHaveLength(1);
    expect(newRisks(agreed, with_(`${P}:2-3`, risk('KNOWN_LOSS', 'two')))).toEqual([]);
    expect(newRisks(agreed, with_(`${P}:6`, risk('KNOWN_LOSS', 'another')))).toHaveLength(1);
  });

  test('the same code for another reason', () => {
    expect(newRisks(with_('', risk('B', 'delayed')), with_('', risk('B', 'errant')))).toHaveLength(1);
  });
});

test('an approver sees candidates, fence, opening and who follows, in the order of the work', () => {
  const { lines, risks } = summarise({ ...plan, risks: [{ code: 'X', invariant: 7, sentence: 'it may live' }] });
  expect(lines).toEqual([
    '1. db2: holds everything, 5 to apply, neutral',
    '2. db3: lacks 10 transactions, 0 to apply, neutral',
    'fence db1: no router points writes at it, its sessions are cut, no replica receives from it',
    'db2 applies everything it received, then takes writes; every router is pointed at it and proves it by a write',
    'db3 will replicate from db2',
  ]);
  expect(risks).toEqual(['it may live (invariant 7)']);
});
