import { z } from 'zod';
import { parseCron } from '../../workflows/decisions/cron';
import { type Blackout, OVERLAPS, type Schedule } from '../../workflows/decisions/schedules';
import { clock, days, timeZone } from './cluster-schema';
import { name } from './fields';
import { oneOf, says, span, strict, text, wholeNumber } from './words';

const momentWords = says('a time with its zone', "write it in quotes, for example '2026-12-15T00:00:00+01:00'");
const moment = z
  .string(momentWords)
  .refine((written) => z.iso.datetime({ offset: true }).safeParse(written).success, momentWords);

const ONE_KIND = says(
  'either from and to, week after week, or since and until, once',
  "for example { name: payday, days: [fri], from: '00:00', to: '23:59' } or { name: year-end, since: '2026-12-15T00:00:00+01:00', until: '2027-01-07T00:00:00+01:00' }",
);

const blackout = strict(
  {
    name: name('a name', 'year-end').describe('Name that a run which is skipped gives as its reason.'),
    days: days.exactOptional().describe('Days on which it begins, with from and to. Default: every day.'),
    from: clock.exactOptional().describe('It begins when the clocks of the zone show this.'),
    to: clock.exactOptional().describe('It ends then; where that is not later than from, on the next day.'),
    timeZone: timeZone.exactOptional().describe('IANA name of the zone, with from and to. Default UTC.'),
    since: moment.exactOptional().describe('It begins then, once.'),
    until: moment.exactOptional().describe('It ends then.'),
  },
  'a blackout with name, from and to, or name, since and until',
  "for example { name: year-end, since: '2026-12-15T00:00:00+01:00', until: '2027-01-07T00:00:00+01:00' }",
).transform(({ name: called, days: on, from, to, timeZone: zone, since, until }, context): Blackout => {
  const weekly = from !== undefined && to !== undefined;
  const once = since !== undefined && until !== undefined;
  const stray = weekly
    ? since !== undefined || until !== undefined
    : [on, from, to, zone].some((one) => one !== undefined);
  if (weekly && !stray)
    return { name: called, weekly: { days: on ?? [...EVERY_DAY], from, to, timeZone: zone ?? 'UTC' } };
  if (once && !stray && Date.parse(since) < Date.parse(until)) return { name: called, since, until };
  const message =
    once && !stray ? 'it ends before it begins — exchange since and until' : ONE_KIND.error({ input: '' });
  context.issues.push({ code: 'custom', message, input: called });
  return z.NEVER;
});

const EVERY_DAY = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const cronWords = says('a cron expression of five fields', "for example '0 10 1-7 * tue': the first Tuesday at 10:00");
const cron = z.string(cronWords).transform((written, context) => {
  const read = parseCron(written);
  if (typeof read !== 'string') return { cron: read, written };
  const message = `this is no cron expression: ${read} — for example '0 10 1-7 * tue': the first Tuesday at 10:00`;
  context.issues.push({ code: 'custom', message, input: written });
  return z.NEVER;
});

const written = strict(
  {
    name: name('a name', 'monthly-drill').describe('Unique; its schedule in Temporal is mysql-runbooks/NAME.'),
    runbook: text('the name of a runbook', 'for example failoverDrill').describe(
      'Runbook (workflow type) that it starts.',
    ),
    input: z
      .record(z.string(), z.unknown(), says('the input of the runbook', 'for example { cluster: orders }'))
      .default({})
      .describe('Its input, as `runbook start --input` takes it.'),
    cron: cron
      .exactOptional()
      .describe(
        'Minute, hour, day of the month, month, day of the week; both days must match. Instead of everyMinutes.',
      ),
    everyMinutes: wholeNumber(1, 527_040, 'a whole number of minutes from 1 to 527040', 'for example 1440: once a day')
      .exactOptional()
      .describe('So often, counted from 1970. Instead of cron.'),
    timeZone: timeZone.default('UTC').describe('IANA name of the zone that cron is meant in. Default UTC.'),
    jitterSeconds: span('seconds', 0, 86_400)
      .default(0)
      .describe('Each run begins up to so much later, so that a fleet does not begin at once.'),
    overlap: oneOf(OVERLAPS)
      .default('skip')
      .describe('When the run before it still goes on: leave it out, or begin it afterwards, or beside it.'),
    catchUpMinutes: span('minutes', 1, 10_080)
      .default(60)
      .describe('A run that was missed, because Temporal was away, is made up for so long.'),
    blackouts: z
      .array(blackout, says('a list of blackouts', 'leave the line out where there is none'))
      .default([])
      .describe('When nothing is begun: the run is closed as skipped.'),
    note: z
      .string(says('a text', 'leave the line out where there is nothing to say'))
      .max(180, says('a text of at most 180 characters', 'shorten it'))
      .default('')
      .describe('Shown beside each of its runs in the Web UI.'),
  },
  'a schedule with name, runbook, and cron or everyMinutes',
  "for example { name: monthly-drill, runbook: failoverDrill, cron: '0 10 1-7 * tue', timeZone: Europe/Berlin }",
).transform(({ cron: byClock, everyMinutes, ...rest }, context): Schedule => {
  if (byClock && everyMinutes === undefined) return { ...rest, when: byClock };
  if (!byClock && everyMinutes !== undefined) return { ...rest, when: { everyMinutes } };
  const message = byClock
    ? 'cron and everyMinutes say when, both — keep one of them'
    : "is never due: expected cron or everyMinutes — for example cron: '0 10 1-7 * tue'";
  context.issues.push({ code: 'custom', message, input: rest.name });
  return z.NEVER;
});

export const schedules = z
  .array(written, says('a list of schedules', 'leave the line out where there is none'))
  .default([])
  .describe('What runs again and again: `runbook schedules apply` makes Temporal schedules of it.');
