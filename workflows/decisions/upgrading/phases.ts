/** Where an upgrade stands. In this order; going back leads from behind the switch to `soak`. */
export const PHASES = ['precheck', 'build', 'catch up', 'soak', 'switch', 'watch', 'keep', 'retire'] as const;
export type Phase = (typeof PHASES)[number];

/** Whom a sentence is about. */
export interface Cast {
  readonly cluster: string;
  readonly primary: string;
  readonly oldPrimary: string;
  readonly green: readonly string[];
  readonly blue: readonly string[];
  /** The same servers on the next release, not others beside them. */
  readonly inPlace: boolean;
}

interface Row {
  /** What is done. */
  readonly does: (cast: Cast) => string;
  /** What leaving it here means and costs. */
  readonly cancel: (cast: Cast) => string;
  /** What `go-back` means here; null = it is cancelling. */
  readonly goBack: ((cast: Cast) => string) | null;
  /** Is the primary on the new release? */
  readonly switched: boolean;
}

const untouched = ({ green, inPlace }: Cast): string =>
  inPlace
    ? `${list(green)} stay${plural(green)} replicating, on whichever release ${green.length === 1 ? 'it has' : 'they have'} by then: a program that was replaced stays replaced; no client notices`
    : `${list(green)} stop${plural(green)} replicating and stay${plural(green)} as they are; no client notices; what was copied and tried is worth nothing after that`;
const switchBack = ({ primary, oldPrimary }: Cast): string =>
  `one more switchover, from ${primary} to ${oldPrimary}: clients wait once more within the write-gap budget, and everything that was written on ${primary} is on ${oldPrimary} before it opens`;

/** The whole machine, one row per phase. The paper's table is this one, and a test compares them. */
const ROWS: Readonly<Record<Phase, Row>> = {
  precheck: {
    does: ({ cluster }) => `${cluster} is looked at for what the new release would break`,
    cancel: () => 'nothing was changed: it costs nothing',
    goBack: null,
    switched: false,
  },
  build: {
    does: ({ green, primary, inPlace }) =>
      inPlace
        ? `${list(green)} get${plural(green)} the next release, one after the other; ${primary} keeps the writes`
        : `${list(green)} get${plural(green)} the data of ${primary}`,
    cancel: (cast) =>
      `what has begun on a server, filling it or replacing its program, is carried to its end; then ${untouched(cast)}`,
    goBack: null,
    switched: false,
  },
  'catch up': {
    does: ({ green, primary }) => `${list(green)} come up to ${primary}`,
    cancel: untouched,
    goBack: null,
    switched: false,
  },
  soak: {
    does: ({ green, primary }) => `${list(green)} follow ${primary} under its load; rows and queries are compared`,
    cancel: untouched,
    goBack: null,
    switched: false,
  },
  switch: {
    does: ({ green, primary }) => `${green[0] ?? ''} becomes the primary in place of ${primary}`,
    cancel: () => 'the switchover has the word: it is done or undone within seconds, then say it again',
    goBack: () => 'the switchover has the word: it is done or undone within seconds, then say it again',
    switched: false,
  },
  watch: {
    does: ({ primary, oldPrimary }) => `${primary} has the load; ${oldPrimary} follows it, and both are watched`,
    cancel: (cast) => `${switchBack(cast)}; then ${untouched(cast)}`,
    goBack: switchBack,
    switched: true,
  },
  keep: {
    does: ({ primary, oldPrimary }) => `${oldPrimary} follows ${primary} as the way back`,
    cancel: (cast) => `${switchBack(cast)}; then ${untouched(cast)}`,
    goBack: switchBack,
    switched: true,
  },
  retire: {
    does: ({ blue, inPlace }) =>
      `${list(blue)} ${inPlace ? 'get' : 'leave'}${plural(blue)} the ${inPlace ? 'next release, too' : 'cluster'}: from here on there is no way back`,
    cancel: () =>
      'there is no way back any more: only a backup of the old release, without what was written since the switch',
    goBack: () =>
      'there is no way back any more: only a backup of the old release, without what was written since the switch',
    switched: true,
  },
};

export const whatItDoes = (phase: Phase, cast: Cast): string => ROWS[phase].does(cast);
export const costOfCancel = (phase: Phase, cast: Cast): string => ROWS[phase].cancel(cast);
export const costOfGoingBack = (phase: Phase, cast: Cast): string => (ROWS[phase].goBack ?? ROWS[phase].cancel)(cast);
export const isSwitched = (phase: Phase): boolean => ROWS[phase].switched;

export interface Turning {
  readonly by: string;
  readonly phase: Phase;
  /** Somebody has said so already. */
  readonly asked: boolean;
  /** Why the old primary does not follow; null = it does. */
  readonly broken: string | null;
}

/** Why an upgrade cannot go back now, as a sentence; null when it can. */
export function whyNotBack({ by, phase, asked, broken }: Turning, cast: Cast): string | null {
  if (by.trim() === '') return 'Say who wants it: {"by": "you@example.com", "reason": "…"}.';
  if (phase === 'switch' || phase === 'retire') return `Not now: ${costOfGoingBack(phase, cast)}.`;
  if (asked) return 'It is going back already.';
  if (isSwitched(phase) && broken !== null)
    return `The way back is broken: ${broken}. Mend it first, or ${cast.oldPrimary} would lack what was written since.`;
  return null;
}

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
const plural = (names: readonly string[]): string => (names.length === 1 ? 's' : '');
