import { type Command } from 'commander';
import { type Schedule } from '../../workflows/decisions/schedules';
import { type Context, contextOf } from '../context';
import { invalidInput } from '../exit';
import { requireRole } from '../may';
import { type Door } from '../temporal';
import { columns } from './list';

export function registerSchedules(program: Command): void {
  const schedules = program
    .command('schedules')
    .description('what runs again and again, as the inventory says: drills, switchovers …');
  schedules
    .command('apply')
    .description("make Temporal's schedules those of the inventory; others are not touched, a pause stays")
    .option('--dry-run', 'only say what would be done')
    .action(async (options: { dryRun?: true }, command: Command) => {
      await apply(contextOf(command), options.dryRun === true);
    });
  schedules
    .command('list')
    .description('those that an inventory has made: their next run, whether they are paused, and how the last one went')
    .action(async (_options: object, command: Command) => {
      await list(contextOf(command));
    });
  for (const verb of ['pause', 'resume'] as const)
    schedules
      .command(`${verb} <name>`)
      .description(
        verb === 'pause' ? 'begin nothing until it is resumed; what runs goes on' : 'begin again when it is due',
      )
      .option('--reason <text>', 'shown beside the schedule')
      .action(async (name: string, options: { reason?: string }, command: Command) => {
        await setPause(contextOf(command), verb, name, options.reason);
      });
  schedules
    .command('preview [name]')
    .description('the next runs as the inventory says, with those that a blackout leaves out; asks nobody')
    .option('--runs <n>', 'so many', '5')
    .action(async (name: string | undefined, options: { runs: string }, command: Command) => {
      await preview(contextOf(command), name, Number(options.runs));
    });
}

async function apply(context: Context, dryRun: boolean): Promise<void> {
  await requireRole(context, dryRun ? 'viewer' : 'operator');
  const { schedules } = await context.inventory();
  const [{ withTemporal }, { applySchedules }] = await Promise.all([
    import('../temporal.js'),
    import('../schedules.js'),
  ]);
  await withTemporal(context, async (door) => {
    const done = await applySchedules(door, schedules, dryRun);
    const words = (did: string) => (dryRun && did !== 'unchanged' ? `would be ${did}` : did);
    const rows = done.map(({ name, did, changes }) => [name, words(did), changes.join(', ')]);
    context.answer(
      rows.length === 0
        ? 'The inventory has no schedules, and Temporal has none of it.'
        : columns([['schedule', '', 'what differed'], ...rows]),
      done,
    );
  });
}

async function list(context: Context): Promise<void> {
  const [{ withTemporal }, { describe, ourNames }] = await Promise.all([
    import('../temporal.js'),
    import('../schedules.js'),
  ]);
  await withTemporal(context, async (door) => {
    const found = (await Promise.all((await ourNames(door)).map((name) => describe(door, name)))).filter(
      (one) => one !== null,
    );
    const rows = await Promise.all(
      found.map(async ({ scheduleId, action, state, info }) => {
        const last = info.recentActions.at(-1);
        const [order] = (action.args ?? []) as readonly { runbook?: string; input?: object }[];
        return {
          name: scheduleId.slice(scheduleId.indexOf('/') + 1),
          runbook: order?.runbook ?? action.workflowType,
          input: order?.input ?? {},
          paused: state.paused ? state.note || 'paused' : null,
          next: state.paused ? null : (info.nextActionTimes[0]?.toISOString() ?? null),
          last:
            last === undefined
              ? null
              : { at: last.takenAt.toISOString(), ...(await outcomeOf(door, last.action.workflow)) },
        };
      }),
    );
    const table = rows.map(({ name, runbook, input, paused, next, last }) => [
      name,
      `${runbook} ${JSON.stringify(input)}`,
      paused === null ? (next === null ? 'never' : utc(next)) : `paused: ${paused}`,
      last === null ? '' : `${utc(last.at)} ${last.outcome}`,
    ]);
    context.answer(
      rows.length === 0
        ? 'No schedules yet. Write them into the inventory, then: runbook schedules apply'
        : columns([['schedule', 'runs', 'next (UTC)', 'last (UTC)'], ...table]),
      rows,
    );
  });
}

const utc = (time: string): string => time.slice(0, 16).replace('T', ' ');

async function outcomeOf(
  door: Door,
  { workflowId, firstExecutionRunId }: { readonly workflowId: string; readonly firstExecutionRunId: string },
): Promise<{ workflowId: string; outcome: string }> {
  const { summaryOf } = await import('../runs.js');
  const run = await door.client.workflow
    .getHandle(workflowId, firstExecutionRunId)
    .describe()
    .then(summaryOf)
    .catch(() => null); // longer ago than Temporal keeps runs
  return { workflowId, outcome: run === null ? 'forgotten' : run.outcome || run.status.toLowerCase() };
}

async function setPause(context: Context, verb: 'pause' | 'resume', name: string, reason = ''): Promise<void> {
  await requireRole(context, 'operator');
  const [{ withTemporal }, { describe, handleOf, ourNames }] = await Promise.all([
    import('../temporal.js'),
    import('../schedules.js'),
  ]);
  await withTemporal(context, async (door) => {
    const is = await describe(door, name);
    if (is === null) throw unknownSchedule(name, await ourNames(door));
    const paused = verb === 'pause';
    const by = `${paused ? 'paused' : 'resumed'} by ${context.by}${reason === '' ? '' : `: ${reason}`}`;
    const already = is.state.paused === paused;
    if (!already) await (paused ? handleOf(door, name).pause(by) : handleOf(door, name).unpause(by));
    const words = already
      ? `${name} was ${paused ? 'paused' : 'not paused'} already${paused ? `: ${is.state.note ?? ''}` : ''}.`
      : `${name} is ${by}.`;
    context.answer(words, { name, paused, changed: !already });
  });
}

const unknownSchedule = (name: string, known: readonly string[]) =>
  invalidInput(
    `Temporal has no schedule "${name}" of an inventory`,
    known.length > 0 ? `Schedules: ${known.join(', ')}.` : 'Make them with `runbook schedules apply`.',
  );

async function preview(context: Context, name: string | undefined, count: number): Promise<void> {
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw invalidInput('--runs is not a whole number from 1 to 1000', 'For example --runs 10.');
  const { schedules } = await context.inventory();
  const wanted = schedules.filter((schedule) => name === undefined || schedule.name === name);
  if (name !== undefined && wanted.length === 0)
    throw invalidInput(
      `the inventory has no schedule "${name}"`,
      schedules.length > 0
        ? `Schedules: ${schedules.map((one) => one.name).join(', ')}.`
        : 'Write it there: schedules.',
    );
  const { blackoutAt, nextRuns } = await import('../../workflows/decisions/schedules.js');
  const value = wanted.map((schedule) => ({
    name: schedule.name,
    runs: nextRuns(schedule, Date.now(), count).map((at) => ({
      at: new Date(at).toISOString(),
      there: wallTime(at, schedule),
      blackout: blackoutAt(schedule.blackouts, at)?.name ?? null,
    })),
  }));
  const rows = value.flatMap(({ name: called, runs }) =>
    runs.map(({ at, there, blackout }) => [called, utc(at), there, blackout === null ? '' : `skipped: ${blackout}`]),
  );
  context.answer(
    rows.length === 0 ? 'The inventory has no schedules.' : columns([['schedule', 'next (UTC)', 'there', ''], ...rows]),
    value,
  );
}

const wallTime = (at: number, { timeZone, jitterSeconds }: Schedule): string =>
  `${new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }).format(at)} ${timeZone}${jitterSeconds > 0 ? `, up to ${jitterSeconds} s later` : ''}`;
