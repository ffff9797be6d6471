import {
  type CalendarSpec,
  ScheduleNotFoundError,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import { RunbookError } from '../activities/errors';
import { type Cron } from '../workflows/decisions/cron';
import { type Overlap, type Schedule } from '../workflows/decisions/schedules';
import { SCHEDULE_PREFIX, scheduleId, TASK_QUEUE } from '../workflows/messages';
import { type Door } from './temporal';

export interface Reconciled {
  readonly name: string;
  readonly did: 'created' | 'updated' | 'unchanged' | 'deleted';
  /** What differed. */
  readonly changes: readonly string[];
}

/** In the schedule's memo: what bears it was made from an inventory, and may be deleted when it is gone from there. */
const MARK = { managedBy: 'mysql-runbooks' } as const;

/**
 * Make Temporal's schedules those of the inventory: what is missing is created, what differs is updated (a pause stays), what was ours and
 * is gone from the inventory is deleted. Nobody else's is touched. Twice is the same as once. `dryRun`: only say what would be done.
 * Throws INVALID_INPUT where somebody else's schedule has the name.
 */
export async function applySchedules(door: Door, wanted: readonly Schedule[], dryRun: boolean): Promise<Reconciled[]> {
  const found = await Promise.all(
    wanted.map(async (schedule) => ({ schedule, is: await describe(door, schedule.name) })),
  );
  for (const { schedule, is } of found) if (is && !isOurs(is)) throw notOurs(schedule.name);
  const done: Reconciled[] = [];
  for (const { schedule, is } of found) done.push(await reconcile(door, schedule, is, dryRun));
  for (const name of await ourNames(door)) {
    if (wanted.some((schedule) => schedule.name === name)) continue;
    if (!dryRun) await handleOf(door, name).delete().catch(unlessGone);
    done.push({ name, did: 'deleted', changes: [] });
  }
  return done;
}

async function reconcile(
  door: Door,
  schedule: Schedule,
  is: ScheduleDescription | null,
  dryRun: boolean,
): Promise<Reconciled> {
  const { name } = schedule;
  if (is === null) {
    if (!dryRun) await door.client.schedule.create({ scheduleId: scheduleId(name), memo: MARK, ...asWanted(schedule) });
    return { name, did: 'created', changes: [] };
  }
  const [want, have] = [shapeOf(schedule), shapeFound(is)];
  const changes = Object.keys(want).filter((key) => JSON.stringify(want[key]) !== JSON.stringify(have[key]));
  if (changes.length === 0) return { name, did: 'unchanged', changes };
  if (!dryRun)
    await handleOf(door, name).update(({ state }) => ({
      ...asWanted(schedule),
      state: { paused: state.paused, ...(state.note !== undefined && { note: state.note }) },
    }));
  return { name, did: 'updated', changes };
}

export const handleOf = ({ client }: Door, name: string): ScheduleHandle => client.schedule.getHandle(scheduleId(name));

/** null = there is none. */
export async function describe(door: Door, name: string): Promise<ScheduleDescription | null> {
  try {
    return await handleOf(door, name).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

const isOurs = ({ memo }: Pick<ScheduleDescription, 'memo'>): boolean => memo?.['managedBy'] === MARK.managedBy;

/** Names of the schedules that an inventory has made. The list of Temporal lags behind by a moment. */
export async function ourNames({ client }: Door): Promise<string[]> {
  const names: string[] = [];
  for await (const one of client.schedule.list())
    if (one.scheduleId.startsWith(SCHEDULE_PREFIX) && isOurs(one))
      names.push(one.scheduleId.slice(SCHEDULE_PREFIX.length));
  return names.sort();
}

const unlessGone = (error: unknown): void => {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
};

const notOurs = (name: string) =>
  new RunbookError({
    code: 'INVALID_INPUT',
    message: `Temporal has a schedule ${scheduleId(name)} that no inventory has made`,
    hint: 'Give the one of the inventory another name, or delete that one.',
  });

const OVERLAP: Readonly<Record<Overlap, ScheduleOverlapPolicy>> = {
  skip: ScheduleOverlapPolicy.SKIP,
  'buffer one': ScheduleOverlapPolicy.BUFFER_ONE,
  'buffer all': ScheduleOverlapPolicy.BUFFER_ALL,
  'allow all': ScheduleOverlapPolicy.ALLOW_ALL,
};

const asWanted = (schedule: Schedule) => ({
  spec: specOf(schedule),
  action: {
    type: 'startWorkflow' as const,
    workflowType: 'scheduledRun',
    workflowId: scheduleId(schedule.name),
    taskQueue: TASK_QUEUE,
    args: argsOf(schedule),
    staticSummary: summaryOf(schedule),
  },
  policies: { overlap: OVERLAP[schedule.overlap], catchupWindow: schedule.catchUpMinutes * 60_000 },
});

const argsOf = ({ name, runbook, input }: Schedule) => [{ schedule: name, runbook, input }];
const summaryOf = ({ name, runbook, note }: Schedule): string => `${name}: ${note === '' ? runbook : note}`;

const specOf = ({ when, timeZone, jitterSeconds }: Schedule): ScheduleSpec => ({
  ...('cron' in when
    ? { calendars: [calendarOf(when.cron)], timezone: timeZone }
    : { intervals: [{ every: when.everyMinutes * 60_000 }], timezone: timeZone }),
  jitter: jitterSeconds * 1_000,
});

const DAYS_OF_WEEK = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
const MONTHS = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
];

const calendarOf = (cron: Cron): CalendarSpec => ({
  minute: ranges(cron.minutes, (value) => value),
  hour: ranges(cron.hours, (value) => value),
  dayOfMonth: ranges(cron.days, (value) => value),
  month: ranges(cron.months, (value) => MONTHS[value - 1] ?? 'JANUARY'),
  dayOfWeek: ranges(cron.weekdays, (value) => DAYS_OF_WEEK[value] ?? 'SUNDAY'),
});

/** 1, 2, 3, 7 as 1-3 and 7: what the Web UI shows stays short. */
function ranges<Value>(values: readonly number[], as: (value: number) => Value) {
  const runs: { start: number; end: number }[] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last && value === last.end + 1) last.end = value;
    else runs.push({ start: value, end: value });
  }
  return runs.map(({ start, end }) => ({ start: as(start), end: as(end), step: 1 }));
}

type Shape = Readonly<Record<string, unknown>>;

/** All that is compared, by the inventory's names. */
const shapeOf = (schedule: Schedule): Shape => ({
  cron: 'cron' in schedule.when ? schedule.when.cron : null,
  everyMinutes: 'everyMinutes' in schedule.when ? schedule.when.everyMinutes : null,
  timeZone: schedule.timeZone,
  jitterSeconds: schedule.jitterSeconds,
  overlap: OVERLAP[schedule.overlap],
  catchUpMinutes: schedule.catchUpMinutes,
  runbook: ['scheduledRun', TASK_QUEUE, schedule.runbook],
  input: sorted(schedule.input),
  note: summaryOf(schedule),
});

/** As Temporal has it now, whoever has changed it since. */
function shapeFound({ spec, action, policies }: ScheduleDescription): Shape {
  const [order] = (action.args ?? []) as readonly { runbook?: unknown; input?: unknown }[];
  const [calendar, ...more] = spec.calendars ?? [];
  const [interval] = spec.intervals ?? [];
  const numbers = (of: readonly { start: unknown; end: unknown; step: number }[], names?: readonly string[]) =>
    of.flatMap(({ start, end, step }) => {
      const [from, to] = [start, end].map((value) => (names ? names.indexOf(String(value)) : Number(value)));
      return Array.from(
        { length: Math.floor(((to ?? 0) - (from ?? 0)) / step) + 1 },
        (_, at) => (from ?? 0) + at * step,
      );
    });
  return {
    cron:
      calendar === undefined
        ? null
        : {
            minutes: numbers(calendar.minute),
            hours: numbers(calendar.hour),
            days: numbers(calendar.dayOfMonth),
            months: numbers(calendar.month, MONTHS).map((month) => month + 1),
            weekdays: numbers(calendar.dayOfWeek, DAYS_OF_WEEK),
            ...(more.length > 0 && { more }),
          },
    everyMinutes: interval === undefined ? null : interval.every / 60_000,
    timeZone: spec.timezone ?? 'UTC',
    jitterSeconds: (spec.jitter ?? 0) / 1_000,
    overlap: policies.overlap,
    catchUpMinutes: policies.catchupWindow / 60_000,
    runbook: [action.workflowType, action.taskQueue, order?.runbook],
    input: sorted(order?.input ?? {}),
    note: action.staticSummary ?? '',
  };
}

/** The order of keys means nothing. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
