import fc from 'fast-check';
import { type Ballot, type OpenQuestion, tally, tellVote, whyRefused } from '../../workflows/decisions/votes';

const AT = '2026-01-01T00:01:00.000Z';
const ana = { name: 'ana@example.com', roles: ['operator', 'approver'], group: 'dba' } as const;
const bob = { name: 'bob@example.com', roles: ['approver'], group: 'dba' } as const;
const cem = { name: 'cem@example.com', roles: ['approver', 'breaker'], group: 'managers' } as const;
const dan = { name: 'dan@example.com', roles: ['operator'], group: 'dba' } as const;
const people = [ana, bob, cem, dan];

const open = (change: Partial<OpenQuestion> = {}): OpenQuestion => ({
  id: 'r#1',
  planHash: 'abcdef0123456789',
  needed: 1,
  asked: [],
  given: [],
  requestedBy: 'dan@example.com',
  twoPersons: false,
  people: [],
  ...change,
});
const vote = (change: Partial<Ballot> = {}): Ballot => ({
  verdict: 'approve',
  by: 'ada@example.com',
  reason: '',
  plan: 'abcdef01',
  question: '',
  door: 'cli',
  ...change,
});
const given = (by: string) => ({ by, door: 'cli', at: AT, reason: '' }) as const;

describe('which plan', () => {
  test.each<[string, Partial<Ballot>]>([
    ['the first characters of the open plan', {}],
    ['the whole hash', { plan: open().planHash }],
    ['a rejection with a reason', { verdict: 'reject', reason: 'not now' }],
    ['a broken glass with a reason', { verdict: 'break glass', reason: 'nobody else is up' }],
    ['the question by its id', { question: 'r#1' }],
  ])('counts: %s', (_, change) => {
    expect(whyRefused(vote(change), open(), null)).toBeNull();
  });

  test.each(['approve', 'break glass'] as const)('%s of a plan that has changed since does not count', (verdict) => {
    expect(whyRefused(vote({ verdict, plan: '99999999', reason: 'quick' }), open(), null)).toBe(
      'The plan has changed since you looked: the open one is abcdef012345. Read it, then answer again.',
    );
  });

  test('a late click on the button of an earlier question of the same plan answers nothing', () => {
    expect(whyRefused(vote({ question: 'r#0' }), open(), null)).toMatch(/^This answers an earlier question/);
  });

  test.each(['', 'abcdef0'])('an approval says which plan was seen, not %j', (plan) => {
    expect(whyRefused(vote({ plan }), open(), null)).toMatch(/^Say which plan you saw: .*"plan": "abcdef012345"/);
  });

  test.each(['', '   '])('somebody must answer, not %j', (by) => {
    expect(whyRefused(vote({ by }), open(), null)).toMatch(/^Say who answers/);
  });

  test.each(['reject', 'break glass'] as const)('%s without a reason helps nobody', (verdict) => {
    expect(whyRefused(vote({ verdict, reason: ' ' }), open(), null)).toMatch(/^Say why/);
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
});

describe('who', () => {
  test.each<[string, Partial<Ballot>, Partial<OpenQuestion>, string | null]>([
    ['an approver', { by: ana.name }, {}, null],
    ['typed otherwise', { by: ' Ana@Example.com ' }, {}, null],
    [
      'an operator',
      { by: dan.name },
      {},
      'dan@example.com may not do this; ana@example.com, bob@example.com, cem@example.com may.',
    ],
    [
      'a stranger',
      { by: 'eve' },
      {},
      'The inventory names nobody "eve"; ana@example.com, bob@example.com, cem@example.com may.',
    ],
    ['of the group that is asked', { by: bob.name }, { asked: ['dba'] }, null],
    [
      'of a group that is not asked yet',
      { by: cem.name },
      { asked: ['dba'] },
      'cem@example.com may not do this; ana@example.com, bob@example.com may.',
    ],
    ['of a group that was asked since', { by: cem.name }, { asked: ['dba', 'managers'] }, null],
    [
      'a no from a group that is not asked yet',
      { by: cem.name, verdict: 'reject', reason: 'no' },
      { asked: ['dba'] },
      null,
    ],
    [
      'a no from an operator',
      { by: dan.name, verdict: 'reject', reason: 'no' },
      {},
      'dan@example.com may not do this; ana@example.com, bob@example.com, cem@example.com may.',
    ],
    [
      'whoever started it, with two persons',
      { by: 'ANA@example.com' },
      { requestedBy: ana.name, twoPersons: true },
      'ana@example.com started this run: somebody else must approve it (two-person rule).',
    ],
    ['whoever started it, without', { by: ana.name }, { requestedBy: ana.name }, null],
    ['their no', { by: ana.name, verdict: 'reject', reason: 'no' }, { requestedBy: ana.name, twoPersons: true }, null],
    [
      'the same person twice',
      { by: 'ANA@example.com' },
      { needed: 2, given: [given(ana.name)] },
      'ana@example.com has approved already; 1 of 2 approvals are given.',
    ],
    ['a breaker', { by: cem.name, verdict: 'break glass', reason: 'fire' }, { asked: ['dba'], needed: 3 }, null],
    [
      'an approver breaks the glass',
      { by: ana.name, verdict: 'break glass', reason: 'fire' },
      {},
      'ana@example.com may not do this; cem@example.com may.',
    ],
  ])('%s', (_, ballot, question, why) => {
    expect(whyRefused(vote(ballot), open({ people, ...question }), null)).toBe(why);
  });

  test('where nobody is a breaker, the sentence says so', () => {
    expect(
      whyRefused(vote({ verdict: 'break glass', reason: 'fire', by: ana.name }), open({ people: [ana] }), null),
    ).toBe('ana@example.com may not do this; nobody has the role breaker.');
  });
});

describe('how many', () => {
  test('two are needed: the first is told so, the second settles it', () => {
    const question = open({ needed: 2, people });
    const first = tally(vote({ by: 'Ana@example.com' }), question, AT);
    expect(first).toMatchObject({ answer: null, sentence: 'ana@example.com approved; 1 of 2 approvals are given' });
    const second = tally(vote({ by: bob.name, reason: 'looks right' }), { ...question, given: first.given }, AT);
    expect(second).toMatchObject({
      answer: { verdict: 'approved', by: 'ana@example.com, bob@example.com', reason: 'looks right' },
      sentence: 'approved by ana@example.com, bob@example.com',
    });
  });

  test('one no is the end, however many have approved', () => {
    const question = open({ needed: 3, given: [given('a'), given('b')] });
    expect(tally(vote({ verdict: 'reject', reason: 'not now' }), question, AT)).toMatchObject({
      answer: { verdict: 'rejected', by: 'ada@example.com', reason: 'not now' },
      given: [{ by: 'ada@example.com' }],
    });
  });

  test('a broken glass is enough alone, and is remembered as one', () => {
    expect(tally(vote({ verdict: 'break glass', reason: 'fire' }), open({ needed: 3 }), AT).answer).toEqual({
      verdict: 'approved',
      by: 'ada@example.com',
      reason: 'fire',
      brokeGlass: true,
    });
  });

  test('what is recorded says where the name comes from', () => {
    expect(tellVote(given('ana'))).toBe('ana (cli, by their own word, 2026-01-01T00:01:00.000Z)');
    expect(tellVote({ ...given('ana'), door: 'slack' })).toBe('ana (slack, 2026-01-01T00:01:00.000Z)');
  });

  const name = fc.constantFrom('ana', 'ANA ', 'bob', ' bob', 'cem', 'dan@example.com', '');
  const cast = fc.record({
    verdict: fc.constantFrom<Ballot['verdict'][]>('approve', 'approve', 'approve', 'reject'),
    by: name,
    reason: fc.constantFrom('', 'because'),
    plan: fc.constantFrom('abcdef01', 'ffffffff', ''),
  });

  test('law: it is approved only by as many different people as are needed, of this plan, and never by who started it', () => {
    fc.assert(
      fc.property(fc.array(cast), fc.integer({ min: 1, max: 3 }), (ballots, needed) => {
        let question = open({ needed, twoPersons: true });
        for (const one of ballots) {
          const ballot = vote(one);
          if (whyRefused(ballot, question, null) !== null) continue;
          const { answer, given: votes } = tally(ballot, question, AT);
          question = { ...question, given: votes };
          if (answer?.verdict === 'rejected') return one.verdict === 'reject';
          if (answer === null) continue;
          const people = new Set(votes.map(({ by }) => by.trim().toLowerCase()));
          return people.size === needed && votes.length === needed && !people.has('dan@example.com');
        }
        return question.given.length < needed;
      }),
    );
  });
});
