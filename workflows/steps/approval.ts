import { condition, setHandler, workflowInfo } from '@temporalio/workflow';
import { type Answer, type Ballot, whyRefused } from '../decisions/votes';
import { approveSignal, approveUpdate, type Question, rejectSignal, rejectUpdate, type Vote } from '../messages';
import { ApplicationFailure } from '@temporalio/common';
import { type Runbook } from './runbook';

/** The first and the longest pause between two looks at whether a question still stands, in milliseconds. */
export interface Pauses {
  readonly soonMs: number;
  readonly laterMs: number;
}

export interface Gate {
  /**
   * Ask, and wait for an answer or the deadline. The answer is bound to the plan's hash. `stillTrue` is asked now and then, ever more
   * seldom: a question that events have overtaken is closed, so that nobody answers it and nothing waits for it.
   */
  ask(
    text: string,
    because: readonly string[],
    planHash: string,
    minutes: number,
    stillTrue?: () => Promise<boolean>,
    pauses?: Pauses,
  ): Promise<Answer>;
  /** Somebody says that the open question is no longer needed: it is looked at now, and closed where that is so. Never throws. */
  doubt(): Promise<void>;
}

const HOW = 'Argument: {"by": "you@example.com", "reason": "…", "plan": "first characters of the plan\'s hash"}';

/** Listens for answers from now on. Updates tell the caller at once whether the answer counts; signals of the same meaning do not. */
export function openGate(book: Runbook): Gate {
  const state: { question: Question | null; answer: Answer | null; asked: number; stillTrue?: () => Promise<boolean> } =
    {
      question: null,
      answer: null,
      asked: 0,
    };

  const refusal = (verdict: Ballot['verdict'], vote: Vote | undefined): string | null =>
    whyRefused(ballot(verdict, vote), state.question, state.answer);
  const count = (verdict: Ballot['verdict'], vote: Vote): string => {
    const { by, reason } = ballot(verdict, vote);
    state.answer = { verdict: verdict === 'approve' ? 'approved' : 'rejected', by, reason };
    state.question = null;
    return `${state.answer.verdict} by ${by}`;
  };
  for (const [verdict, update, signal] of [
    ['approve', approveUpdate, approveSignal],
    ['reject', rejectUpdate, rejectSignal],
  ] as const) {
    const validator = (vote: Vote) => {
      const why = refusal(verdict, vote);
      if (why !== null) throw ApplicationFailure.nonRetryable(why, 'VOTE_REFUSED');
    };
    setHandler(update, (vote) => count(verdict, vote), {
      validator,
      description: `${verdict} the plan that is shown. ${HOW}`,
    });
    setHandler(
      signal,
      (vote: Vote | undefined) => {
        const why = refusal(verdict, vote);
        if (why === null && vote) count(verdict, vote);
        else
          book.found.approvals.push(
            `a signal "${verdict}" of ${ballot(verdict, vote).by || 'nobody'} did not count: ${why ?? ''}`,
          );
      },
      { description: `${verdict} the plan that is shown. ${HOW}` },
    );
  }

  return {
    async doubt() {
      const { question, stillTrue } = state;
      // A look that fails closes nothing: it is not known to be over.
      if (!question || !stillTrue || (await stillTrue().catch(() => true))) return;
      if (state.question?.id !== question.id || answerOf(state) !== null) return;
      state.answer = OVERTAKEN;
    },
    async ask(text, because, planHash, minutes, stillTrue, pauses = PAUSES) {
      const now = Date.now();
      state.asked += 1;
      state.answer = null;
      state.question = {
        id: `${workflowInfo().runId.slice(0, 8)}#${state.asked}`,
        text,
        because,
        planHash,
        askedAt: new Date(now).toISOString(),
        expiresAt: new Date(now + minutes * 60_000).toISOString(),
      };
      Object.assign(state, { stillTrue });
      book.waitFor(state.question);
      const overtaken = await waitWhileTrue(state, now + minutes * 60_000, stillTrue, pauses);
      const answer = answerOf(state);
      const given: Answer =
        answer ??
        (overtaken ? OVERTAKEN : { verdict: 'expired', by: '', reason: `nobody answered within ${minutes} minutes` });
      Object.assign(state, { answer: given, question: null });
      book.waitFor(null);
      book.found.approvals.push(
        `${text} (plan ${planHash.slice(0, 12)}): ${given.verdict}${given.by ? ` by ${given.by}` : ''}${given.reason ? `: ${given.reason}` : ''}`,
      );
      return given;
    },
  };
}

const OVERTAKEN: Answer = { verdict: 'overtaken', by: '', reason: 'the facts changed while it was open' };
const PAUSES: Pauses = { soonMs: 10_000, laterMs: 60_000 };

/** Waits for an answer or the deadline. True when the question was overtaken by events before either. */
async function waitWhileTrue(
  state: { readonly answer: Answer | null },
  untilMs: number,
  stillTrue: (() => Promise<boolean>) | undefined,
  { soonMs, laterMs }: Pauses,
): Promise<boolean> {
  for (let pauseMs = soonMs; ; pauseMs = Math.min(pauseMs * 2, laterMs)) {
    const leftMs = untilMs - Date.now();
    const waitMs = stillTrue ? Math.min(pauseMs, leftMs) : leftMs;
    if (leftMs <= 0 || (await condition(() => state.answer !== null, waitMs))) return false;
    if (stillTrue && Date.now() < untilMs && !(await stillTrue()) && answerOf(state) === null) return true;
  }
}

/** Read through a function: the compiler cannot know that handlers ran during the wait. */
const answerOf = (state: { readonly answer: Answer | null }): Answer | null => state.answer;

/** A vote comes from outside and may be anything: what is no text counts as not given, and never throws (that would hang the run). */
const ballot = (verdict: Ballot['verdict'], vote: Vote | undefined): Ballot => ({
  verdict,
  by: text(vote?.by),
  reason: text(vote?.reason),
  plan: text(vote?.plan).trim().toLowerCase(),
});

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
