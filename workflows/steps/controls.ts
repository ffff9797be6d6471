import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { type Voter } from '../decisions/approvals';
import { afterPause, type Control, type Pause, PAUSE_MINUTES, type Way, whyNot } from '../decisions/controls';
import {
  cancelSignal,
  cancelUpdate,
  pauseSignal,
  pauseUpdate,
  resumeSignal,
  resumeUpdate,
  type Word,
} from '../messages';

/** People's hand on a run that goes on: it stops before its next step, goes on, or is called off while that changes nothing. */
export interface Controls {
  readonly paused: Pause | null;
  /** Who called it off, as `ada: too early`; null = nobody. */
  readonly calledOff: string | null;
  readonly way: Way;
  /** Who may; nobody = everybody. */
  admit(people: readonly Voter[]): void;
  /** Before clients wait, and before another run takes over, a pause that stands is waited for. Throws a cancellation then, when it was called off. */
  take(way: Way): Promise<void>;
  end(): void;
  /** What ends the work when somebody calls it off. */
  onCancel(stop: () => void): void;
  /** Returns when the next step may begin. Throws a cancellation when it was called off. */
  mayGoOn(): Promise<void>;
  /** Returns at that time (milliseconds since 1970), or when the pause that stands then is over. Throws as `mayGoOn` does. */
  rest(untilMs: number): Promise<void>;
}

interface Listener {
  /** The page that people look at has changed. */
  readonly changed: () => void;
  /** A line for the report. */
  readonly note: (line: string) => void;
  /** What is told to everybody, and stands in the report too. */
  readonly happened: (line: string) => void;
}

const FORM = 'Argument: {"by": "you@example.com", "reason": "…"}';

const DOORS = [
  [
    'pause',
    pauseUpdate,
    pauseSignal,
    `Stop before the next step, unless clients wait. The cluster's lock stays held; after "minutes" (${PAUSE_MINUTES}) the run is called off, or goes on where there is no way back. ${FORM}`,
  ],
  ['resume', resumeUpdate, resumeSignal, `Go on after a pause. ${FORM}`],
  ['cancel', cancelUpdate, cancelSignal, `Call the run off and undo what it did, while there is a way back. ${FORM}`],
] as const;

export function openControls({ changed, note, happened }: Listener): Controls {
  const state: { way: Way; paused: Pause | null; calledOff: string | null; people: readonly Voter[] } = {
    way: 'free',
    paused: null,
    calledOff: null,
    people: [],
  };
  let stop: () => void = () => undefined;

  const refusal = (control: Control, word: Word | undefined): string | null =>
    whyNot({ control, by: text(word?.by), minutes: minutesOf(word) }, state);
  const carryOut = (control: Control, word: Word): string => {
    const who = tell(word);
    const now = Date.now();
    if (control === 'pause') {
      const until = iso(now + minutesOf(word) * 60_000);
      state.paused = { by: text(word.by).trim(), reason: text(word.reason).trim(), since: iso(now), until };
    } else if (control === 'resume') state.paused = null;
    else callOff(who);
    happened(`${PAST[control]} by ${who}`);
    changed();
    return control === 'pause'
      ? `paused before its next step; unless somebody resumes it, it ${afterPause(state.way) === 'cancel' ? 'is called off' : 'goes on'} at ${state.paused?.until ?? ''}`
      : `${PAST[control]} by ${text(word.by).trim()}`;
  };
  const callOff = (who: string) => {
    state.calledOff = who;
    state.paused = null;
    stop();
  };

  for (const [control, update, signal, description] of DOORS) {
    const validator = (word: Word) => {
      const why = refusal(control, word);
      if (why !== null) throw ApplicationFailure.nonRetryable(why, 'CONTROL_REFUSED');
    };
    setHandler(update, (word) => carryOut(control, word), { validator, description });
    const onSignal = (word: Word | undefined) => {
      const why = refusal(control, word);
      if (why === null && word) carryOut(control, word);
      else note(`a signal "${control}" of ${text(word?.by) || 'nobody'} did not count: ${why ?? ''}`);
    };
    setHandler(signal, onSignal, { description });
  }

  const mayGoOn = async (): Promise<void> => {
    for (let pause = state.paused; pause !== null; pause = state.paused) {
      const leftMs = Date.parse(pause.until) - Date.now();
      if (leftMs > 0) await condition(() => state.paused !== pause, leftMs, { summary: `Paused by ${pause.by}` });
      // Several steps may wait at this door: the first one through has ended the pause for all.
      if (state.paused !== pause) continue;
      state.paused = null;
      happened(`the pause of ${pause.by} is over`);
      if (afterPause(state.way) === 'cancel') callOff(`nobody resumed it until ${pause.until}`);
      changed();
    }
    const isOff = state.calledOff !== null || CancellationScope.current().consideredCancelled;
    if (isOff && state.way === 'free') throw new CancelledFailure('Called off');
  };
  const rest = async (untilMs: number): Promise<void> => {
    for (;;) {
      await mayGoOn();
      const leftMs = untilMs - Date.now();
      if (leftMs <= 0) return;
      await condition(() => state.paused !== null, leftMs, { summary: 'Wait for its time' });
    }
  };

  return {
    get paused() {
      return state.paused;
    },
    get calledOff() {
      return state.calledOff;
    },
    get way() {
      return state.way;
    },
    admit: (people) => void (state.people = people),
    async take(way) {
      if (way === 'clients wait' || way === 'handed over') await mayGoOn();
      state.way = way;
    },
    end: () => void Object.assign(state, { way: 'ended', paused: null }),
    onCancel: (end) => void (stop = end),
    mayGoOn,
    rest,
  };
}

const PAST: Readonly<Record<Control, string>> = { pause: 'paused', resume: 'resumed', cancel: 'called off' };

const tell = ({ by, reason }: Word): string =>
  text(by).trim() + (text(reason).trim() ? `: ${text(reason).trim()}` : '');
const minutesOf = (word: Word | undefined): number => {
  const minutes: unknown = word?.minutes ?? PAUSE_MINUTES;
  return typeof minutes === 'number' ? minutes : NaN;
};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const iso = (epochMs: number): string => new Date(epochMs).toISOString();
