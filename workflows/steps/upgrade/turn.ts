import { ApplicationFailure } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';
import { approvalsOf, whyMayNot } from '../../decisions/approvals';
import { type Cluster } from '../../decisions/cluster';
import { type Cast, costOfCancel, costOfGoingBack, isSwitched, whyNotBack } from '../../decisions/upgrading/phases';
import { goBackSignal, goBackUpdate, type Word } from '../../messages';
import { type Runbook } from '../runbook';
import { type Standing } from './standing';

/** Somebody wants the old release again. */
export interface Wish {
  /** `ada: too slow`. */
  readonly who: string;
  /** The upgrade ends with it. */
  readonly ends: boolean;
}

export interface Turn {
  /** Null while nobody wants it. */
  wish: Wish | null;
  /** Why the old primary does not follow; null = it does. */
  broken: string | null;
  /** Called when somebody has said it: what is waited for ends. */
  onWish: () => void;
}

export const castOf = (cluster: string, { primary, oldPrimary, green, blue, inPlace }: Standing): Cast => ({
  ...{ cluster, primary, oldPrimary, green, blue, inPlace },
});

const FORM = 'Argument: {"by": "you@example.com", "reason": "…"}';

/** Listens for `goBack` and for calling off from now on; each is answered with what it costs. */
export function openTurn(
  book: Runbook,
  name: string,
  now: () => { cluster: Cluster | null; standing: Standing | null },
): Turn {
  const turn: Turn = { wish: null, broken: null, onWish: () => undefined };
  const refusal = (word: Word | undefined): string | null => {
    const { cluster, standing } = now();
    const by = text(word?.by);
    const people = cluster ? approvalsOf(cluster).people : [];
    const mayNot = by.trim() === '' ? null : whyMayNot(by, ['operator', 'approver', 'breaker'], people);
    if (mayNot !== null) return mayNot;
    if (standing === null) return by.trim() === '' ? 'Say who wants it: {"by": "you@example.com"}.' : null;
    const { phase } = standing;
    return whyNotBack({ by, phase, asked: turn.wish !== null, broken: turn.broken }, castOf(name, standing));
  };
  const heed = (word: Word): string => {
    const who = text(word.by).trim() + (text(word.reason).trim() ? `: ${text(word.reason).trim()}` : '');
    const { standing } = now();
    const cost = standing ? costOfGoingBack(standing.phase, castOf(name, standing)) : 'nothing was changed';
    turn.wish = { who, ends: standing === null || !isSwitched(standing.phase) };
    book.found.decisions.push(`${who} wants to go back: ${cost}`);
    turn.onWish();
    return `going back: ${cost}`;
  };
  const validator = (word: Word) => {
    const why = refusal(word);
    if (why !== null) throw ApplicationFailure.nonRetryable(why, 'CONTROL_REFUSED');
  };
  const description = `The old release takes the writes again, with everything that was written since; before the switch the same as cancel. ${FORM}`;
  setHandler(goBackUpdate, heed, { validator, description });
  const onSignal = (word: Word | undefined) => {
    const why = refusal(word);
    if (why === null && word) heed(word);
    else book.found.decisions.push(`a signal "goBack" of ${text(word?.by) || 'nobody'} did not count: ${why ?? ''}`);
  };
  setHandler(goBackSignal, onSignal, { description });
  book.onCancel(() => {
    const { standing } = now();
    const who = book.calledOff() ?? '';
    turn.wish = { who, ends: true };
    if (standing)
      book.found.decisions.push(`${who} calls it off: ${costOfCancel(standing.phase, castOf(name, standing))}`);
    turn.onWish();
  });
  return turn;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
