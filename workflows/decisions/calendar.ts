/** Days as the inventory writes them; a window belongs to the day on which it opens. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** From `from` until before `to` by the clocks of `timeZone` (IANA), `HH:MM`; where `to` is not later it is that of the next day. */
export interface MaintenanceWindow {
  readonly days: readonly Weekday[];
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}

/** Milliseconds since 1970; `closesMs` is not part of it. */
export interface Opening {
  readonly opensMs: number;
  readonly closesMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A window that falls into the hour which is left out in spring is there again a week later. */
const DAYS_AHEAD = 16;

/**
 * The window that is open at `atMs`, else the next; null where none is declared. Windows that touch are one.
 * When clocks go forward, a time that they leave out is the moment of the change; when they go back, a time that comes twice is the
 * first of the two, so that a window never opens again in the hour that is repeated.
 */
export function nextOpening(windows: readonly MaintenanceWindow[], atMs: number): Opening | null {
  const all = windows.flatMap((window) => openingsAround(window, atMs)).sort((a, b) => a.opensMs - b.opensMs);
  const merged: Opening[] = [];
  for (const one of all) {
    const last = merged.at(-1);
    if (last && one.opensMs <= last.closesMs)
      merged[merged.length - 1] = { ...last, closesMs: Math.max(last.closesMs, one.closesMs) };
    else merged.push(one);
  }
  return merged.find(({ closesMs }) => closesMs > atMs) ?? null;
}

function openingsAround({ days, from, to, timeZone }: MaintenanceWindow, atMs: number): Opening[] {
  const offsetAt = wallClock(timeZone);
  const today = Math.floor((atMs + offsetAt(atMs)) / DAY_MS) * DAY_MS;
  const [fromMs, toMs] = [sinceMidnight(from), sinceMidnight(to)];
  const openings: Opening[] = [];
  // Yesterday's may still be open.
  for (let day = today - DAY_MS; day < today + DAYS_AHEAD * DAY_MS; day += DAY_MS) {
    if (!days.includes(WEEKDAYS[new Date(day).getUTCDay()] ?? 'sun')) continue;
    const opensMs = momentOf(day + fromMs, offsetAt);
    const closesMs = momentOf(day + toMs + (toMs <= fromMs ? DAY_MS : 0), offsetAt);
    if (closesMs > opensMs) openings.push({ opensMs, closesMs });
  }
  return openings;
}

function sinceMidnight(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return (hours * 60 + minutes) * MINUTE_MS;
}

/** What the clocks of a zone show is `moment + offset`. A wall clock's reading is kept as if it were UTC. */
export type OffsetAt = (moment: number) => number;

export function wallClock(timeZone: string): OffsetAt {
  const clock = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  return (moment) => {
    const parts = new Map(clock.formatToParts(moment).map(({ type, value }) => [type, value]));
    const part = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name));
    const shown = Date.UTC(
      ...([part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')] as const),
    );
    return shown - Math.floor(moment / 1000) * 1000;
  };
}

/** The first moment at which the clocks show `wall` or have gone past it. */
export function momentOf(wall: number, offsetAt: OffsetAt): number {
  const [before, after] = [offsetAt(wall - DAY_MS), offsetAt(wall + DAY_MS)];
  if (before === after) return wall - before;
  const change = changeBetween(wall - DAY_MS, wall + DAY_MS, offsetAt);
  if (wall - before < change) return wall - before;
  return Math.max(wall - after, change);
}

/** When the offset becomes what it is at `late`. Zones change at whole seconds, and not twice within two days. */
function changeBetween(early: number, late: number, offsetAt: OffsetAt): number {
  let [from, to] = [Math.floor(early / 1000), Math.floor(late / 1000)];
  const after = offsetAt(to * 1000);
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (offsetAt(middle * 1000) === after) to = middle;
    else from = middle;
  }
  return to * 1000;
}
