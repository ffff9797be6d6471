import { type AskedQuestion } from '../../workflows/decisions/story';

/** A question that is open; one approval ends it. */
export const question = (change: Partial<AskedQuestion> = {}): AskedQuestion => ({
  id: 'r1#1',
  text: 'promote db2?',
  because: ['the policy is to ask'],
  shown: { what: ['fence db1'], evidence: [], mayBeLost: 'nothing', takes: 'about a second' },
  planHash: 'abcdef0123456789',
  askedAt: '2026-11-22T03:00:02.000Z',
  expiresAt: '2026-11-22T03:00:50.000Z',
  silence: 'silence is a no',
  needed: 1,
  given: [],
  asked: [],
  mayApprove: [],
  reminders: 0,
  requestedBy: 'watchCluster',
  twoPersons: false,
  people: [],
  open: true,
  answers: [],
  ...change,
});
