import fc from 'fast-check';
import { type MaintenanceWindow, nextOpening, type Weekday, WEEKDAYS } from '../../workflows/decisions/calendar';

const window = (change: Partial<MaintenanceWindow> = {}): MaintenanceWindow => ({
  days: ['sun'],
  from: '02:00',
  to: '05:00',
  timeZone: 'UTC',
  ...change,
});

const next = (windows: readonly MaintenanceWindow[], at: string) => {
  const opening = nextOpening(windows, Date.parse(at));
  return opening && [opening.opensMs, opening.closesMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
};

const berlin = { timeZone: 'Europe/Berlin' };

test.each<[string, MaintenanceWindow[], string, [string, string]]>([
  ['the next one of the week', [window()], '2026-11-21T12:00Z', ['2026-11-22T02:00', '2026-11-22T05:00']],
  ['the one that is open', [window()], '2026-11-22T04:59Z', ['2026-11-22T02:00', '2026-11-22T05:00']],
  ['closed at its last minute', [window()], '2026-11-22T05:00Z', ['2026-11-29T02:00', '2026-11-29T05:00']],
  [
    'across midnight, seen before it and after it',
    [window({ days: ['sat'], from: '22:00', to: '04:00' })],
    '2026-11-22T01:00Z',
    ['2026-11-21T22:00', '2026-11-22T04:00'],
  ],
  ['by the clocks of its zone', [window(berlin)], '2026-11-21T12:00Z', ['2026-11-22T01:00', '2026-11-22T04:00']],
  [
    'two that touch are one',
    [window({ to: '03:00' }), window({ from: '03:00' })],
    '2026-11-22T02:30Z',
    ['2026-11-22T02:00', '2026-11-22T05:00'],
  ],
  [
    'the whole day',
    [window({ from: '00:00', to: '00:00' })],
    '2026-11-20T12:00Z',
    ['2026-11-22T00:00', '2026-11-23T00:00'],
  ],
  // 29 March 2026: at 02:00 clocks in Berlin go to 03:00, 01:00 UTC.
  [
    'clocks go forward inside it',
    [window({ ...berlin, from: '01:00' })],
    '2026-03-28T12:00Z',
    ['2026-03-29T00:00', '2026-03-29T03:00'],
  ],
  [
    'it opens at a time that clocks leave out',
    [window({ ...berlin, from: '02:30' })],
    '2026-03-28T12:00Z',
    ['2026-03-29T01:00', '2026-03-29T03:00'],
  ],
  [
    'clocks leave all of it out: a week later',
    [window({ ...berlin, from: '02:15', to: '02:45' })],
    '2026-03-28T12:00Z',
    ['2026-04-05T00:15', '2026-04-05T00:45'],
  ],
  // 25 October 2026: at 03:00 clocks in Berlin go back to 02:00, 01:00 UTC.
  [
    'clocks go back inside it: an hour longer',
    [window(berlin)],
    '2026-10-24T12:00Z',
    ['2026-10-25T00:00', '2026-10-25T04:00'],
  ],
  [
    'it closes at a time that comes twice: the first',
    [window({ ...berlin, to: '02:30' })],
    '2026-10-24T12:00Z',
    ['2026-10-25T00:00', '2026-10-25T00:30'],
  ],
  [
    'and does not open again in the hour that is repeated',
    [window({ ...berlin, to: '02:30' })],
    '2026-10-25T01:10Z',
    ['2026-11-01T01:00', '2026-11-01T01:30'],
  ],
])('%s', (_, windows, at, expected) => {
  expect(next(windows, at)).toEqual(expected);
});

test('without windows there is no opening', () => {
  expect(nextOpening([], 0)).toBeNull();
});

describe('laws, in zones with odd offsets and changes', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Africa/Casablanca',
  ];
  const clock = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 30, 45))
    .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
  const someWindow = fc.record({
    days: fc.uniqueArray(fc.constantFrom<Weekday>(...WEEKDAYS), { minLength: 1 }),
    from: clock,
    to: clock,
    timeZone: fc.constantFrom(...zones),
  });
  // Whole minutes from 2025 to 2030.
  const moment = fc.integer({ min: 28_930_000, max: 31_560_000 }).map((minutes) => minutes * 60_000);

  /** Day and time of day that a wall clock in the zone shows. */
  const shown = (timeZone: string, at: number) => {
    const parts = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    }).formatToParts(at);
    const part = (name: string) => parts.find(({ type }) => type === name)!.value;
    return { day: part('weekday').toLowerCase() as Weekday, clock: `${part('hour')}:${part('minute')}` };
  };

  /** By the wall clock alone: the day on which it opened is today, or yesterday where it goes across midnight. */
  const isOpenByClock = ({ days, from, to, timeZone }: MaintenanceWindow, at: number): boolean => {
    const { day, clock: now } = shown(timeZone, at);
    const yesterday = WEEKDAYS[(WEEKDAYS.indexOf(day) + 6) % 7]!;
    if (to > from) return days.includes(day) && from <= now && now < to;
    return (days.includes(day) && now >= from) || (days.includes(yesterday) && now < to);
  };

  /** The same reading has been there within the last hours: the second time that it is shown. */
  const isRepeated = (timeZone: string, at: number): boolean =>
    [30, 60].some((minutes) => shown(timeZone, at).clock === shown(timeZone, at - minutes * 60_000).clock);
  const isNearChange = (timeZone: string, at: number): boolean => {
    const step = (ms: number) => shown(timeZone, at + ms).clock === shown(timeZone, at + ms + 86_400_000).clock;
    return !step(-86_400_000) || !step(0);
  };

  test('whatever the time, what is found is open or still to come, and stays open until it closes', () => {
    fc.assert(
      fc.property(someWindow, moment, (one, at) => {
        const { opensMs, closesMs } = nextOpening([one], at)!;
        expect(closesMs).toBeGreaterThan(Math.max(at, opensMs));
        expect(opensMs - at).toBeLessThan(15 * 86_400_000);
        expect(nextOpening([one], opensMs)).toEqual({ opensMs, closesMs });
        const atItsEnd = nextOpening([one], closesMs - 1)!;
        expect(atItsEnd.opensMs).toBeLessThan(closesMs);
        // One that touches the next has no end within the weeks that are looked at.
        expect(atItsEnd.closesMs).toBeGreaterThanOrEqual(closesMs);
      }),
    );
  });

  test('far from a change of clocks it is open exactly when a wall clock says so', () => {
    fc.assert(
      fc.property(someWindow, moment, (one, at) => {
        fc.pre(!isNearChange(one.timeZone, at));
        expect(nextOpening([one], at)!.opensMs <= at).toBe(isOpenByClock(one, at));
      }),
      { numRuns: 400 },
    );
  });

  test('on a day of change it differs from a wall clock only in the hour that is repeated', () => {
    const change = fc.constantFrom<[string, string]>(
      ['Europe/Berlin', '2026-03-29T01:00Z'],
      ['Europe/Berlin', '2026-10-25T01:00Z'],
      ['America/New_York', '2026-03-08T07:00Z'],
      ['America/New_York', '2026-11-01T06:00Z'],
      ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
      ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
    );
    const minutes = fc.integer({ min: -300, max: 300 });
    fc.assert(
      fc.property(someWindow, change, minutes, (one, [timeZone, at], minute) => {
        const window = { ...one, timeZone };
        const now = Date.parse(at) + minute * 60_000;
        const isOpen = nextOpening([window], now)!.opensMs <= now;
        if (isOpen !== isOpenByClock(window, now)) expect(isRepeated(timeZone, now)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
