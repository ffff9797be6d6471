import { parseCron } from '../../workflows/decisions/cron';
import { blackoutAt, nextRuns } from '../../workflows/decisions/schedules';

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['* * * *', /expected five fields .* and found 4/],
  ['60 * * * *', /^the minute is not understood: expected 0 to 59/],
  ['0 24 * * *', /^the hour is not understood/],
  ['0 1 0 * *', /^the day of the month is not understood/],
  ['0 1 * foo *', /^the month is not understood: expected 1 to 12 or jan to dec/],
  ['0 1 * * 8', /^the day of the week is not understood/],
  ['0 1 5-2 * *', /^the day of the month is not understood/],
  ['*/0 * * * *', /^the minute is not understood/],
  ['0 1-2-3 * * *', /^the hour is not understood/],
  ['@daily', /expected five fields/],
  ['0 0 31 feb,apr *', /^it never fires/],
];
test.each(WRONG)('%s is no cron expression', (written, words) => {
  expect(parseCron(written)).toMatch(words);
});

test('names, lists, ranges, steps; 7 is Sunday as 0 is', () => {
  expect(parseCron('*/20,5 8-10/2 1,15 JAN-mar 5-7')).toEqual({
    minutes: [0, 5, 20, 40],
    hours: [8, 10],
    days: [1, 15],
    months: [1, 2, 3],
    weekdays: [0, 5, 6],
  });
  expect(parseCron('50/5 * * * *')).toMatchObject({ minutes: [50, 55] });
});

const runs = (cron: string, timeZone: string, after: string, count = 3): string[] => {
  const read = parseCron(cron);
  if (typeof read === 'string') throw new Error(read);
  const when = { cron: read, written: cron };
  return nextRuns({ when, timeZone }, Date.parse(after), count).map((at) => new Date(at).toISOString().slice(0, 16));
};

test('the first Tuesday of each month, by the clocks of the zone, summer and winter', () => {
  expect(runs('0 10 1-7 * tue', 'Europe/Berlin', '2026-09-30T00:00:00Z')).toEqual([
    '2026-10-06T08:00',
    '2026-11-03T09:00',
    '2026-12-01T09:00',
  ]);
});

test('a time that the clocks leave out in spring is left out; one that comes twice in autumn runs once', () => {
  expect(runs('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00:00Z')).toEqual([
    '2026-03-28T01:30',
    '2026-03-30T00:30',
    '2026-03-31T00:30',
  ]);
  expect(runs('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
});

test('a time that is now is over; 29 February waits for its year', () => {
  expect(runs('0 10 * * *', 'UTC', '2026-11-21T10:00:00Z', 1)).toEqual(['2026-11-22T10:00']);
  expect(runs('0 0 29 2 *', 'UTC', '2026-11-21T10:00:00Z', 2)).toEqual(['2028-02-29T00:00', '2032-02-29T00:00']);
});

test('every so many minutes, counted from 1970', () => {
  const [first, second] = nextRuns(
    { when: { everyMinutes: 90 }, timeZone: 'UTC' },
    Date.parse('2026-11-21T10:00:00Z'),
    2,
  );
  expect((first ?? 0) % (90 * 60_000)).toBe(0);
  expect((second ?? 0) - (first ?? 0)).toBe(90 * 60_000);
  expect(first).toBeGreaterThan(Date.parse('2026-11-21T10:00:00Z'));
});

const yearEnd = { name: 'year-end', since: '2026-12-15T00:00:00+01:00', until: '2027-01-07T00:00:00+01:00' };
const friday = {
  name: 'friday',
  weekly: { days: ['fri'], from: '12:00', to: '00:00', timeZone: 'Europe/Berlin' },
} as const;

test.each([
  ['2026-12-14T22:59:59Z', null],
  ['2026-12-14T23:00:00Z', { name: 'year-end', untilMs: Date.parse('2027-01-06T23:00:00Z') }],
  ['2027-01-06T23:00:00Z', null],
  ['2026-11-20T10:59:59Z', null],
  ['2026-11-20T11:00:00Z', { name: 'friday', untilMs: Date.parse('2026-11-20T23:00:00Z') }],
  ['2026-12-18T11:30:00Z', { name: 'year-end', untilMs: Date.parse('2027-01-06T23:00:00Z') }],
])('at %s the blackout is %j: the one that lasts longest', (at, expected) => {
  expect(blackoutAt([friday, yearEnd], Date.parse(at))).toEqual(expected);
});
