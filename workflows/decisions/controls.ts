import { type Voter, whyMayNot } from './approvals';

export type Control = 'pause' | 'resume' | 'cancel';

/**
 * Where a run stands: `free` = it can still be undone; `clients wait` = on the critical path; `only forward` = behind it, tidying up;
 * `handed over` = another run does its work.
 */
export type Way = 'free' | 'clients wait' | 'only forward' | 'handed over' | 'ended';

export interface Pause {
  readonly by: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly since: string;
  /** It ends by itself then: a paused run holds the cluster's lock. */
  readonly until: string;
}

export interface Standing {
  readonly way: Way;
  readonly paused: Pause | null;
  readonly people: readonly Voter[];
}

export interface ControlOrder {
  readonly control: Control;
  readonly by: string;
  /** Of a pause. NaN = what was written is no number. */
  readonly minutes: number;
}

export const PAUSE_MINUTES = 30;
const LONGEST_PAUSE_MINUTES = 1_440;

/** Why a run cannot be paused, resumed or cancelled now, as a sentence; null when it can. Repeats are answered and change nothing. */
export function whyNot({ control, by, minutes }: ControlOrder, { way, paused, people }: Standing): string | null {
  if (by.trim() === '') return `Say who wants it: {"by": "you@example.com", "reason": "…"}.`;
  if (way === 'ended') return 'This run has ended.';
  if (way === 'handed over') return 'It has begun, as the run that holds the lock of its cluster: say it to that one.';
  const mayNot = whyMayNot(by, ['operator', 'approver', 'breaker'], people);
  if (mayNot !== null) return mayNot;
  switch (control) {
    case 'pause':
      if (paused) return `It is paused already, by ${paused.by}, until ${paused.until}.`;
      if (way === 'clients wait') return 'Clients wait for writes: it goes on to its end without a pause.';
      if (!(minutes >= 1 && minutes <= LONGEST_PAUSE_MINUTES))
        return `Say for how many minutes, from 1 to ${LONGEST_PAUSE_MINUTES}: {"by": "you@example.com", "minutes": ${PAUSE_MINUTES}}.`;
      return null;
    case 'resume':
      return paused ? null : 'It is not paused.';
    case 'cancel':
      return way === 'free' ? null : 'It is past its point of no return and goes on to its end.';
  }
}

/** A pause that is forgotten: what can be undone is called off, the rest goes on. */
export const afterPause = (way: Way): 'cancel' | 'resume' => (way === 'free' ? 'cancel' : 'resume');
