import { type MaintenanceWindow, momentOf, nextOpening, wallClock } from './calendar';
import { type Cron } from './cron';

/** What runs again and again, as the inventory says it. */
export interface Schedule {
  readonly name: string;
  /** Workflow type. */
  readonly runbook: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly when: { readonly cron: Cron; readonly written: string } | { readonly everyMinutes: number };
  /** IANA name. */
  readonly timeZone: string;
  /** Each run begins up to so much later. */
  readonly jitterSeconds: number;
  readonly overlap: Overlap;
  /** A run that was missed, because Temporal was away, is made up for so long. */
  readonly catchUpMinutes: number;
  readonly blackouts: readonly Blackout[];
  readonly note: string;
}

/** What becomes of a run whose time comes while the one before it goes on. None ends that one: a change that stops in the middle helps nobody. */
export const OVERLAPS = ['skip', 'buffer one', 'buffer all', 'allow all'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/** In which nothing scheduled begins: week after week, or once from `since` until before `until` (ISO 8601). */
export type Blackout = { readonly name: string } & (
  { readonly weekly: MaintenanceWindow } | { readonly since: string; readonly until: string }
);

/** The blackout that `atMs` lies in, with its end; null = none. Where several do, the one that lasts longest. */
export function blackoutAt(blackouts: readonly Blackout[], atMs: number): { name: string; untilMs: number } | null {
  const now = blackouts.flatMap((blackout) => {
    const span = spanOf(blackout, atMs);
    return span && span.opensMs <= atMs && atMs < span.closesMs
      ? [{ name: blackout.name, untilMs: span.closesMs }]
      : [];
  });
  return now.sort((one, other) => other.untilMs - one.untilMs)[0] ?? null;
}

const spanOf = (blackout: Blackout, atMs: number) =>
  'weekly' in blackout
    ? nextOpening([blackout.weekly], atMs)
    : { opensMs: Date.parse(blackout.since), closesMs: Date.parse(blackout.until) };

const DAY_MS = 86_400_000;
/** 29 February on a given day of the week comes again within 28 years, across a century within 40. */
const DAYS_AHEAD = 366 * 41;

/** The next `count` times after `afterMs`, without jitter, in milliseconds since 1970. A time that clocks leave out in spring is left out. */
export function nextRuns(
  { when, timeZone }: Pick<Schedule, 'when' | 'timeZone'>,
  afterMs: number,
  count: number,
): number[] {
  if ('everyMinutes' in when) {
    const everyMs = when.everyMinutes * 60_000;
    const first = (Math.floor(afterMs / everyMs) + 1) * everyMs;
    return Array.from({ length: count }, (_, index) => first + index * everyMs);
  }
  const { cron } = when;
  const clock = wallClock(timeZone);
  const runs: number[] = [];
  const today = Math.floor((afterMs + clock(afterMs)) / DAY_MS) * DAY_MS;
  for (let day = today; day < today + DAYS_AHEAD * DAY_MS && runs.length < count; day += DAY_MS) {
    const date = new Date(day);
    if (!cron.months.includes(date.getUTCMonth() + 1) || !cron.days.includes(date.getUTCDate())) continue;
    if (!cron.weekdays.includes(date.getUTCDay())) continue;
    for (const hour of cron.hours)
      for (const minute of cron.minutes) {
        const wall = day + (hour * 60 + minute) * 60_000;
        const at = momentOf(wall, clock);
        if (at > afterMs && at + clock(at) === wall) runs.push(at);
      }
  }
  return runs.slice(0, count);
}
