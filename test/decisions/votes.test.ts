import { type Ballot, whyRefused } from '../../workflows/decisions/votes';

const question = { id: 'r#1', planHash: 'abcdef0123456789', expiresAt: '2026-01-01T00:10:00Z' };
const vote = (change: Partial<Ballot> = {}): Ballot => ({
  verdict: 'approve',
  by: 'ada@example.com',
  reason: '',
  plan: 'abcdef01',
  ...change,
});

test.each<[string, Partial<Ballot>]>([
  ['the first characters of the open plan', {}],
  ['the whole hash', { plan: question.planHash }],
  ['a rejection with a reason', { verdict: 'reject', reason: 'not now' }],
])('counts: %s', (_, change) => {
  expect(whyRefused(vote(change), question, null)).toBeNull();
});

test('an approval of a plan that has changed since does not count, and the open one is named', () => {
  expect(whyRefused(vote({ plan: '99999999' }), question, null)).toBe(
    'The plan has changed since you looked: the open one is abcdef012345. Read it, then answer again.',
  );
});

test.each(['', 'abcdef0'])('an approval says which plan was seen, not %j', (plan) => {
  expect(whyRefused(vote({ plan }), question, null)).toMatch(/^Say which plan you saw: .*"plan": "abcdef012345"/);
});

test.each(['', '   '])('somebody must answer, not %j', (by) => {
  expect(whyRefused(vote({ by }), question, null)).toMatch(/^Say who answers/);
});

test('a rejection without a reason helps nobody', () => {
  expect(whyRefused(vote({ verdict: 'reject', reason: ' ' }), question, null)).toMatch(/^Say why/);
});

test('a late click is answered politely', () => {
  expect(whyRefused(vote(), null, null)).toBe('This run is not waiting for an answer.');
  expect(whyRefused(vote(), null, { verdict: 'approved', by: 'eve', reason: '' })).toBe(
    'This question is settled: approved by eve.',
  );
  expect(whyRefused(vote(), null, { verdict: 'expired', by: '', reason: 'nobody answered' })).toBe(
    'This question is settled: expired.',
  );
});
