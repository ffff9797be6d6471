/** What one channel has been told of one run. */
export interface Told {
  /** Events (story.ts) that have arrived. */
  readonly ids: readonly string[];
  /** What the channel needs to find its own messages again: time stamps of Slack, for example. */
  readonly marks: Readonly<Record<string, string>>;
  /** Something was sent and no answer came: it may have arrived. */
  readonly unsure: boolean;
}

export const UNTOLD: Told = { ids: [], marks: {}, unsure: false };

export interface Trouble {
  /** One sentence. Never a secret. */
  readonly because: string;
  /** The channel's own word on when to come back (Retry-After); null when it gave none. */
  readonly againInSeconds: number | null;
}

const LONGEST_PAUSE_SECONDS = 300;

/** How long to wait after the nth failure in a row: 1 s, 2 s, 4 s … 5 minutes, and never shorter than the channel asks for. */
export const pauseAfter = (failures: number, againInSeconds: number | null): number =>
  Math.max(againInSeconds ?? 0, Math.min(2 ** Math.max(0, failures - 1), LONGEST_PAUSE_SECONDS));
