/** An answer to an open question, from whichever door. */
export interface Ballot {
  readonly verdict: 'approve' | 'reject';
  readonly by: string;
  readonly reason: string;
  readonly plan: string;
}

export interface OpenQuestion {
  readonly id: string;
  readonly planHash: string;
  readonly expiresAt: string;
}

export type Answer =
  | { readonly verdict: 'approved' | 'rejected'; readonly by: string; readonly reason: string }
  | { readonly verdict: 'expired' | 'overtaken'; readonly by: ''; readonly reason: string };

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
  if (ballot.plan !== '' && !question.planHash.startsWith(ballot.plan)) {
    return `The plan has changed since you looked: the open one is ${question.planHash.slice(0, 12)}. Read it, then answer again.`;
  }
  if (ballot.verdict === 'approve' && ballot.plan.length < SHORTEST_HASH)
    return `Say which plan you saw: {"by": "you@example.com", "plan": "${question.planHash.slice(0, 12)}"}.`;
  if (ballot.verdict === 'reject' && ballot.reason.trim() === '')
    return 'Say why: {"by": "you@example.com", "reason": "…"}.';
  return null;
}
