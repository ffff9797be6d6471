export const DRILL_MODES = ['planned', 'kill'] as const;
export type DrillMode = (typeof DRILL_MODES)[number];

/** What the inventory says about drills of one cluster. */
export interface DrillPolicy {
  readonly mode: DrillMode;
  readonly objective: Objective;
  /** Kills the primary's server the hard way; without it the instance's fence command does. */
  readonly killCommand?: readonly string[];
  /** Starts it again; without it somebody else does (a supervisor, a person). */
  readonly startCommand?: readonly string[];
  readonly announceSeconds: number;
  /** A failover must have begun by then, or nobody noticed. */
  readonly noticeSeconds: number;
  /** The killed server must answer again by then. */
  readonly startSeconds: number;
  readonly minDaysBetween: number;
  readonly errorBudget: { readonly missed: number; readonly perDays: number };
  /** What becomes of transactions that only the killed server has: `extras` of rejoinInstance. */
  readonly extras: 'ask' | 'replay';
}

/** Milliseconds of silence at a client; rows that were acknowledged and are missing. */
export interface Objective {
  readonly rtoMs: number;
  readonly lostRows: number;
  readonly writeGapMs: number;
}
