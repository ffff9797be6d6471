import { type Voter } from './approvals';
import { type GivenVote } from './votes';

/** An open question to a human, bound to the plan that was shown. Times are ISO 8601. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly because: readonly string[];
  readonly shown: Shown;
  readonly planHash: string;
  readonly askedAt: string;
  readonly expiresAt: string;
  /** What nobody's answer leads to, as a sentence. */
  readonly silence: string;
  /** So many different people must approve. */
  readonly needed: number;
  /** Approvals that count, up to now. */
  readonly given: readonly GivenVote[];
  /** Groups that were asked up to now; none = everybody who may approve. */
  readonly asked: readonly string[];
  /** Names of those who are asked; none = everybody who reaches Temporal. */
  readonly mayApprove: readonly string[];
  /** How often they were reminded, escalations to the next group included. */
  readonly reminders: number;
  readonly remindedAt?: string;
  readonly requestedBy: string;
  readonly twoPersons: boolean;
  readonly people: readonly Voter[];
}

/** What an answer is about, beside the question and its reasons: all that somebody needs who was woken by it. */
export interface Shown {
  /** The steps of the plan. */
  readonly what: readonly string[];
  readonly evidence: readonly string[];
  readonly mayBeLost: string;
  /** How long it will last, and who waits. */
  readonly takes: string;
}
