import fc from 'fast-check';
import { ANYBODY, nextPause, type ApprovalPolicy, tellSilence, turnsOf } from '../../workflows/decisions/approvals';

const policy = (change: Partial<ApprovalPolicy> = {}): ApprovalPolicy => ({ ...ANYBODY, ...change });
const inMinutes = (change: Partial<ApprovalPolicy>, minutes: number) =>
  turnsOf(policy(change), minutes).map(({ atMs, what }) => `${atMs / 60_000} ${what}`);

test('nobody answers: two reminders, then the end', () => {
  expect(inMinutes({}, 30)).toEqual(['10 remind', '20 remind', '30 end']);
});

test('a question that is open for a week is told of until its end: less and less often, then once a day', () => {
  const hours = turnsOf(policy(), 10_080).map(({ atMs, what }) => `${Math.round(atMs / 360_000) / 10} ${what}`);
  expect(hours.slice(0, 7)).toEqual(['0.2', '0.5', '1.2', '2.5', '5.2', '10.5', '21.2'].map((at) => `${at} remind`));
  expect(hours.slice(7)).toEqual([
    ...['42.5', '66.5', '90.5', '114.5', '138.5', '162.5'].map((at) => `${at} remind`),
    '168 end',
  ]);
});

test('a deadline before the first reminder is only the end', () => {
  expect(inMinutes({}, 5)).toEqual(['5 end']);
});

test('the next group is asked as well while the deadline stands', () => {
  expect(inMinutes({ groups: ['dba', 'managers'], escalateMinutes: 15 }, 30)).toEqual([
    '10 remind',
    '15 next group',
    '20 remind',
    '30 end',
  ]);
});

test('silence asks the next group: it has as much time as the first', () => {
  expect(inMinutes({ groups: ['dba', 'managers'], silence: 'next group', remindMinutes: 20 }, 30)).toEqual([
    '20 remind',
    '30 next group',
    '40 remind',
    '60 end',
  ]);
});

test('three groups, each asked after ten minutes; the last one has the whole time', () => {
  const change = { groups: ['a', 'b', 'c'], silence: 'next group', escalateMinutes: 10, remindMinutes: 60 } as const;
  expect(inMinutes(change, 30)).toEqual(['10 next group', '20 next group', '50 end']);
});

test('an escalation is no reminder on top', () => {
  expect(inMinutes({ groups: ['a', 'b'], escalateMinutes: 10 }, 20)).toEqual(['10 next group', '20 end']);
});

test('law: the end is the last and the only one, nobody is asked after it, and a week makes a short list', () => {
  const policies = fc.record({
    groups: fc.array(fc.string(), { maxLength: 4 }),
    remindMinutes: fc.double({ min: 0.01, max: 500, noNaN: true }),
    silence: fc.constantFrom('reject', 'proceed', 'next group'),
    escalateMinutes: fc.double({ min: 0.01, max: 10_080, noNaN: true }),
  }) as fc.Arbitrary<Partial<ApprovalPolicy>>;
  fc.assert(
    fc.property(policies, fc.double({ min: 0.01, max: 10_080, noNaN: true }), (change, minutes) => {
      const turns = turnsOf(policy(change), minutes);
      const ends = turns.filter(({ what }) => what === 'end');
      expect(ends).toEqual([turns.at(-1)]);
      expect(turns.map(({ atMs }) => atMs)).toEqual(turns.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
      expect(turns.length).toBeLessThan(24);
      expect(turns.at(-1)?.atMs).toBeGreaterThanOrEqual(minutes * 60_000);
      const groups = change.groups?.length ?? 0;
      expect(turns.filter(({ what }) => what === 'next group').length).toBeLessThan(Math.max(1, groups));
      // Where silence asks the next group, none is left out.
      if (change.silence === 'next group')
        expect(turns.filter(({ what }) => what === 'next group')).toHaveLength(Math.max(0, groups - 1));
    }),
  );
});

test.each([
  [{ silence: 'reject' }, true, 'silence is a no'],
  [{ silence: 'proceed' }, true, 'silence lets it go on'],
  [{ silence: 'proceed' }, false, 'silence is a no'],
  [{ silence: 'next group', groups: ['a', 'b'] }, true, 'silence asks the next group; that of the last one is a no'],
  [{ silence: 'next group' }, true, 'silence is a no'],
] as const)('%j, only the policy asks: %j: %s', (change, mayProceed, words) => {
  expect(tellSilence(policy(change), mayProceed)).toBe(words);
});

test('a question that is open for a week is looked at as often as a history can bear, and soon while it is young', () => {
  const pauses = { soonMs: 2_000, laterMs: 30_000 };
  const at: number[] = [];
  for (let [pauseMs, age] = [pauses.soonMs, 0]; age < 7 * 86_400_000; pauseMs = nextPause(pauseMs, age, pauses)) {
    age += pauseMs;
    at.push(age);
  }
  expect(at.slice(0, 3)).toEqual([2_000, 6_000, 14_000]);
  expect(at.filter((age) => age < 1_500_000).length).toBeGreaterThanOrEqual(50);
  // Eleven events each; Temporal ends a run with 51,200.
  expect(at.length).toBeLessThan(450);
});
