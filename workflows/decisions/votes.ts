import { nameOf, type Voter, whyMayNot } from './approvals';
import { sameName } from './people';

/** Where an answer came in. `slack` and `http` have made sure of who it was; elsewhere the name is somebody's own word. */
export const DOORS = ['cli', 'temporal', 'slack', 'http'] as const;
export type Door = (typeof DOORS)[number];

/** An answer to an open question, from whichever door. */
export interface Ballot {
  readonly verdict: 'approve' | 'reject' | 'break glass';
  readonly by: string;
  readonly reason: string;
  readonly plan: string;
  /** Id of the question that was answered; '' = whichever is open. */
  readonly question: string;
  readonly door: Door;
}

/** An approval that counts, and what is recorded of it. */
export interface GivenVote {
  readonly by: string;
  readonly door: Door;
  /** ISO 8601. */
  readonly at: string;
  readonly reason: string;
}

export interface OpenQuestion {
  readonly id: string;
  readonly planHash: string;
  readonly needed: number;
  /** Groups that were asked up to now; none = everybody who may approve. */
  readonly asked: readonly string[];
  readonly given: readonly GivenVote[];
  /** Who started the run. */
  readonly requestedBy: string;
  readonly twoPersons: boolean;
  readonly people: readonly Voter[];
}

export type Answer =
  | {
      readonly verdict: 'approved' | 'rejected';
      readonly by: string;
      readonly reason: string;
      /** One person overrode the policy. */
      readonly brokeGlass?: true;
    }
  | { readonly verdict: 'expired' | 'overtaken' | 'unopposed'; readonly by: ''; readonly reason: string };

/** An approval is of one plan, so it names it; a rejection is of whatever is asked. */
const SHORTEST_HASH = 8;

/**
 * Why a ballot does not count, as a sentence for the one who cast it; null when it counts. A late or repeated click is answered
 * politely and changes nothing.
 */
export function whyRefused(ballot: Ballot, question: OpenQuestion | null, settled: Answer | null): string | null {
  if (ballot.by.trim() === '') return 'Say who answers: {"by": "you@example.com"}.';
  if (!question) {
    return settled
      ? `This question is settled: ${settled.verdict}${settled.by ? ` by ${settled.by}` : ''}.`
      : 'This run is not waiting for an answer.';
  }
  return whyNotThisPlan(ballot, question) ?? whyNotYou(ballot, question);
}

function whyNotThisPlan(ballot: Ballot, question: OpenQuestion): string | null {
  const open = question.planHash.slice(0, 12);
  if (ballot.question !== '' && ballot.question !== question.id)
    return 'This answers an earlier question; another one is open now. Read it, then answer again.';
  if (ballot.plan !== '' && !question.planHash.startsWith(ballot.plan))
    return `The plan has changed since you looked: the open one is ${open}. Read it, then answer again.`;
  if (ballot.verdict !== 'reject' && ballot.plan.length < SHORTEST_HASH)
    return `Say which plan you saw: {"by": "you@example.com", "plan": "${open}"}.`;
  if (ballot.verdict !== 'approve' && ballot.reason.trim() === '')
    return 'Say why: {"by": "you@example.com", "reason": "…"}.';
  return null;
}

function whyNotYou({ by, verdict }: Ballot, question: OpenQuestion): string | null {
  const { people, asked, twoPersons, requestedBy, given, needed } = question;
  if (verdict === 'break glass') return whyMayNot(by, ['breaker'], people);
  if (verdict === 'reject') return whyMayNot(by, ['approver', 'breaker'], people);
  const mayNot = whyMayNot(by, ['approver'], people, asked);
  if (mayNot !== null) return mayNot;
  if (twoPersons && sameName(by, requestedBy))
    return `${nameOf(people, by)} started this run: somebody else must approve it (two-person rule).`;
  if (given.some((vote) => sameName(vote.by, by)))
    return `${nameOf(people, by)} has approved already; ${given.length} of ${needed} approvals are given.`;
  return null;
}

/** A ballot that counts. `answer` is null while approvals are missing. */
export interface Tally {
  readonly given: readonly GivenVote[];
  readonly answer: Extract<Answer, { verdict: 'approved' | 'rejected' }> | null;
  /** For the one who cast it. */
  readonly sentence: string;
}

/** Only of ballots that are not refused. One rejection is the end, and so is a broken glass. */
export function tally(ballot: Ballot, question: OpenQuestion, at: string): Tally {
  const vote = { by: nameOf(question.people, ballot.by), door: ballot.door, at, reason: ballot.reason.trim() };
  const given = [...question.given, vote];
  const settle = (verdict: 'approved' | 'rejected', by: string, reason: string): Tally => ({
    given: verdict === 'rejected' ? [vote] : given,
    answer: { verdict, by, reason },
    sentence: `${verdict} by ${by}`,
  });
  if (ballot.verdict === 'reject') return settle('rejected', vote.by, vote.reason);
  if (ballot.verdict === 'break glass') {
    const answer = { verdict: 'approved', by: vote.by, reason: vote.reason, brokeGlass: true } as const;
    return { given: [vote], answer, sentence: `approved by ${vote.by}, who broke the glass` };
  }
  if (given.length < question.needed) {
    const sentence = `${vote.by} approved; ${given.length} of ${question.needed} approvals are given`;
    return { given, answer: null, sentence };
  }
  const reasons = given.map(({ reason }) => reason).filter((reason) => reason !== '');
  return settle('approved', given.map(({ by }) => by).join(', '), reasons.join('; '));
}

/** As the report keeps it: who, where, when. */
export const tellVote = ({ by, door, at }: GivenVote): string =>
  `${by} (${door}${door === 'slack' || door === 'http' ? '' : ', by their own word'}, ${at})`;
