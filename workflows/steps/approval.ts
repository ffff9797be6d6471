import { ApplicationFailure } from '@temporalio/common';
import { condition, setHandler, workflowInfo } from '@temporalio/workflow';
import { approvalsOf, nextPause, type Pauses, type Turn, tellSilence, turnsOf, whoMay } from '../decisions/approvals';
import { type Cluster } from '../decisions/cluster';
import { hashOf } from '../decisions/plan';
import { type Answer, type Ballot, DOORS, tally, tellVote, whyRefused } from '../decisions/votes';
import { type Question, type Shown } from '../decisions/question';
import {
  approveSignal,
  approveUpdate,
  breakGlassSignal,
  breakGlassUpdate,
  rejectSignal,
  rejectUpdate,
  type Vote,
} from '../messages';
import { type Runbook } from './runbook';

export interface Inquiry {
  readonly text: string;
  readonly because: readonly string[];
  readonly shown: Shown;
  /** Hash of the plan that the answer is bound to. */
  readonly plan: string;
  /** Nothing but the policy asks: silence may let it go on, where the policy says so. */
  readonly mayProceed?: boolean;
  /**
   * Asked now and then, ever more seldom: a question that events have overtaken is closed, so that nobody answers it and nothing waits
   * for it.
   */
  readonly stillTrue?: () => Promise<boolean>;
  readonly pauses?: Pauses;
}

export interface Gate {
  /** Ask, and wait for enough answers or the deadline. The answer is bound to the plan's hash. */
  ask(cluster: Cluster, inquiry: Inquiry): Promise<Answer>;
  /** Ask about one step of a plan that is being carried out. Each asking is bound anew: a late answer to the plan answers none of these. */
  askMidway(cluster: Cluster, plan: string, text: string, because: readonly string[]): Promise<Answer>;
  /** Somebody says that the open question is no longer needed: it is looked at now, and closed where that is so. Never throws. */
  doubt(): Promise<void>;
}

const howTo = (plan: string) => `Argument: {"by": "you@example.com", "reason": "…", "plan": "${plan}"}`;
const DOORS_OF = {
  approve: { update: approveUpdate, signal: approveSignal, what: 'Approve the plan that is shown.' },
  reject: { update: rejectUpdate, signal: rejectSignal, what: 'Reject what is asked; the reason is needed.' },
  'break glass': {
    update: breakGlassUpdate,
    signal: breakGlassSignal,
    what: 'Emergency override: approve alone, whatever the policy says. Needs the role breaker and a reason, and is announced.',
  },
} as const;
const VERDICTS = ['approve', 'reject', 'break glass'] as const;

interface State {
  question: Question | null;
  answer: Answer | null;
  asked: number;
  stillTrue: (() => Promise<boolean>) | null;
}

/** Listens for answers from now on. Updates tell the caller at once whether the answer counts; signals of the same meaning do not. */
export function openGate(book: Runbook, requestedBy: string): Gate {
  const state: State = { question: null, answer: null, asked: 0, stillTrue: null };

  const refusal = (ballot: Ballot): string | null =>
    whyRefused(ballot, state.answer ? null : state.question, state.answer);
  const count = (ballot: Ballot, question: Question): string => {
    const { given, answer, sentence } = tally(ballot, question, iso(Date.now()));
    state.answer = answer;
    state.question = { ...question, given };
    if (answer?.brokeGlass)
      book.breakGlass(
        `BREAK GLASS: ${given.map(tellVote).join(', ')} approved plan ${question.planHash.slice(0, 12)} alone: ${answer.reason}`,
      );
    book.waitFor(state.question);
    return sentence;
  };
  const cast = (ballot: Ballot): string => (state.question ? count(ballot, state.question) : '');
  const listen = (verdict: Ballot['verdict'], plan: string): void => {
    const { update, signal, what } = DOORS_OF[verdict];
    const description = `${what} ${howTo(plan)}`;
    const validator = (vote: Vote) => {
      const why = refusal(ballotOf(verdict, vote));
      if (why !== null) throw ApplicationFailure.nonRetryable(why, 'VOTE_REFUSED');
    };
    setHandler(update, (vote) => cast(ballotOf(verdict, vote)), { validator, description });
    const onSignal = (vote: Vote | undefined) => {
      const ballot = ballotOf(verdict, vote);
      const why = refusal(ballot);
      if (why === null) cast(ballot);
      else book.found.approvals.push(`a signal "${verdict}" of ${ballot.by || 'nobody'} did not count: ${why}`);
    };
    setHandler(signal, onSignal, { description });
  };
  /** The Web UI shows beside each answer what to send, with the plan that is open. */
  const listenAbout = (plan: string): void => VERDICTS.forEach((verdict) => listen(verdict, plan));
  listenAbout("first characters of the plan's hash");

  const ask = async (cluster: Cluster, inquiry: Inquiry): Promise<Answer> => {
    const approvals = approvalsOf(cluster);
    const { failover } = cluster;
    const { text, because, plan, shown, mayProceed = false } = inquiry;
    const now = Date.now();
    const turns = turnsOf(approvals, failover.approvalMinutes);
    const asked = approvals.groups.slice(0, 1);
    state.asked += 1;
    state.answer = null;
    state.question = {
      id: `${workflowInfo().runId.slice(0, 8)}#${state.asked}`,
      text,
      because,
      shown,
      planHash: plan,
      askedAt: iso(now),
      expiresAt: iso(now + (turns.at(-1)?.atMs ?? 0)),
      silence: tellSilence(approvals, mayProceed),
      needed: approvals.needed,
      given: [],
      asked,
      mayApprove: whoMay(approvals.people, 'approver', asked),
      reminders: 0,
      requestedBy,
      twoPersons: approvals.twoPersons,
      people: approvals.people,
    };
    state.stillTrue = inquiry.stillTrue ?? null;
    listenAbout(plan.slice(0, 12));
    book.waitFor(state.question);
    const ended = await waitForAnswer(state, inquiry, now, turns, (turn) => {
      const open = state.question;
      if (!open) return;
      const groups = turn.what === 'next group' ? approvals.groups.slice(0, open.asked.length + 1) : open.asked;
      const mayApprove = whoMay(approvals.people, 'approver', groups);
      const reminders = open.reminders + 1;
      state.question = { ...open, asked: groups, mayApprove, reminders, remindedAt: iso(Date.now()) };
      book.waitFor(state.question);
    });
    const given: Answer = answerOf(state) ?? unanswered(ended, approvals.silence === 'proceed' && mayProceed, failover);
    const votes = state.question.given.map(tellVote);
    Object.assign(state, { answer: given, question: null });
    book.found.approvals.push(
      `${text} (plan ${plan.slice(0, 12)}): ${given.verdict}${votes.length > 0 ? ` by ${votes.join(', ')}` : ''}${given.reason ? `: ${given.reason}` : ''}`,
    );
    book.waitFor(null);
    return given;
  };
  return {
    ask,
    async doubt() {
      const { question, stillTrue } = state;
      // A look that fails closes nothing: it is not known to be over.
      if (!question || !stillTrue || (await stillTrue().catch(() => true))) return;
      if (state.question?.id === question.id && answerOf(state) === null) state.answer = OVERTAKEN;
    },
    askMidway(cluster, plan, text, because) {
      const shown = { what: [], evidence: [], mayBeLost: '', takes: '' };
      return ask(cluster, { text, because, shown, plan: hashOf({ plan, text, because, asking: state.asked }) });
    },
  };
}

const unanswered = (
  ended: 'overtaken' | 'silence',
  proceeds: boolean,
  { approvalMinutes }: Cluster['failover'],
): Answer => {
  if (ended === 'overtaken') return OVERTAKEN;
  const silence = `nobody answered within ${approvalMinutes} minutes`;
  return proceeds
    ? { verdict: 'unopposed', by: '', reason: `${silence}, and by the policy silence lets it go on` }
    : { verdict: 'expired', by: '', reason: silence };
};

const OVERTAKEN: Answer = { verdict: 'overtaken', by: '', reason: 'the facts changed while it was open' };
const WAITING = 'Wait for an answer';
const PAUSES: Pauses = { soonMs: 10_000, laterMs: 60_000 };

/** Waits for an answer, from one turn to the next. `silence` also when there is an answer: whoever asks reads that first. */
async function waitForAnswer(
  state: { readonly answer: Answer | null },
  { stillTrue, pauses = PAUSES }: Inquiry,
  sinceMs: number,
  turns: readonly Turn[],
  onTurn: (turn: Turn) => void,
): Promise<'overtaken' | 'silence'> {
  let pauseMs = pauses.soonMs;
  for (const turn of turns) {
    const untilMs = sinceMs + turn.atMs;
    for (let leftMs = untilMs - Date.now(); leftMs > 0; leftMs = untilMs - Date.now()) {
      const waitMs = stillTrue ? Math.min(pauseMs, leftMs) : leftMs;
      if (await condition(() => state.answer !== null, waitMs, { summary: WAITING })) return 'silence';
      if (stillTrue && Date.now() < untilMs && !(await stillTrue()) && answerOf(state) === null) return 'overtaken';
      if (answerOf(state) !== null) return 'silence';
      pauseMs = nextPause(pauseMs, Date.now() - sinceMs, pauses);
    }
    if (turn.what !== 'end') onTurn(turn);
  }
  return 'silence';
}

/** Read through a function: the compiler cannot know that handlers ran during the wait. */
const answerOf = (state: { readonly answer: Answer | null }): Answer | null => state.answer;

/** A vote comes from outside and may be anything: what is no text counts as not given, and never throws (that would hang the run). */
const ballotOf = (verdict: Ballot['verdict'], vote: Vote | undefined): Ballot => ({
  verdict,
  by: text(vote?.by),
  reason: text(vote?.reason),
  plan: text(vote?.plan).trim().toLowerCase(),
  question: text(vote?.question),
  door: DOORS.find((door) => door === vote?.door) ?? 'temporal',
});

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const iso = (epochMs: number): string => new Date(epochMs).toISOString();
