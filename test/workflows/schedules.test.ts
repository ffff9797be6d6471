import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TASK_QUEUE } from '../../workflows/messages';
import { type RunbookReport } from '../../workflows/decisions/report';
import { compileCli, type Ended, runbook } from '../cli/compiled';
import { eventually } from '../support/wait';
import { movable } from './moving';
import { type Played, Stage, touched } from './stage';

/** The command line and real schedules on a real Temporal; runs are triggered, no clock is waited for. */
const stage = new Stage();
let compiled: string;
let cwd: string;
beforeAll(async () => {
  compiled = compileCli();
  await stage.open();
});
afterAll(async () => {
  await stage.close();
  rmSync(compiled, { recursive: true });
});
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'runbook-cwd-'));
});
afterEach(async () => {
  write('');
  await type('schedules apply');
  rmSync(cwd, { recursive: true });
});

const type = (line: string): Promise<Ended> =>
  runbook(compiled, line.split(' '), { cwd, env: { TEMPORAL_ADDRESS: stage.address, RUNBOOK_AS: 'ada' } });

const CLUSTER =
  '{ durability: async, instances: [{ name: db1, host: 10.0.0.11, port: 3306 }], accounts: { admin: &b { user: r, password: { env: P } }, replication: *b } }';
const write = (schedules: string, cluster = 'orders') =>
  writeFileSync(join(cwd, 'fleet.yaml'), `clusters:\n  ${cluster}: ${CLUSTER}\nschedules: [${schedules}]\n`);
const schedule = (name: string, more: string, cluster = 'orders') =>
  `{ name: ${name}, runbook: plannedSwitchover, input: { to: db2, dryRun: true, cluster: ${cluster} }, ${more} }`;

/** Name and what was done, line by line. */
const applied = async (options = ''): Promise<string[]> => {
  const { code, stdout, stderr } = await type(`schedules apply${options}`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.replaceAll(/ +/g, ' '));
};
const listed = () =>
  eventually('the list has caught up', async () => {
    const ids: string[] = [];
    for await (const one of stage.client.schedule.list()) ids.push(one.scheduleId);
    return ids.sort();
  });

test('apply creates, a second one changes nothing, an edit or a foreign hand is mended, what is gone is deleted, and others stay', async () => {
  const foreign = await stage.client.schedule.create({
    scheduleId: 'payroll',
    spec: { intervals: [{ every: '7 days' }] },
    action: { type: 'startWorkflow', workflowType: 'payroll', taskQueue: 'payroll', workflowId: 'payroll' },
  });
  const before = JSON.stringify((await foreign.describe()).raw.schedule);
  const daily = schedule('daily', "cron: '*/20 10-12,14 1-7 jan,jun tue', timeZone: Europe/Berlin, jitterSeconds: 60");
  const often = schedule('often', 'everyMinutes: 90, overlap: buffer one, catchUpMinutes: 5, note: only a test');
  write(`${daily}, ${often}`);
  expect(await applied(' --dry-run')).toEqual(['daily would be created', 'often would be created']);
  expect(await listed()).toEqual(['payroll']);

  expect(await applied()).toEqual(['daily created', 'often created']);
  expect(await applied()).toEqual(['daily unchanged', 'often unchanged']);
  await eventually(
    'both are listed',
    async () => (await listed()).join() === 'mysql-runbooks/daily,mysql-runbooks/often,payroll',
  );

  write(`${daily.replace('jitterSeconds: 60', 'jitterSeconds: 61').replace('to: db2', 'to: db3')}, ${often}`);
  expect(await applied(' --dry-run')).toEqual(['daily would be updated jitterSeconds, input', 'often unchanged']);
  expect(await applied()).toEqual(['daily updated jitterSeconds, input', 'often unchanged']);
  expect(await applied()).toEqual(['daily unchanged', 'often unchanged']);

  const handle = stage.client.schedule.getHandle('mysql-runbooks/often');
  await handle.update(({ spec, ...rest }) => ({ ...rest, spec: { ...spec, intervals: [{ every: '1 hour' }] } }));
  expect(await applied()).toEqual(['daily unchanged', 'often updated everyMinutes']);

  write(often);
  expect(await applied()).toEqual(['often unchanged', 'daily deleted']);
  await eventually('it is gone from the list', async () => (await listed()).join() === 'mysql-runbooks/often,payroll');
  expect(JSON.stringify((await foreign.describe()).raw.schedule)).toBe(before);
  await foreign.delete();
});

test('a schedule of that name that somebody else has made is not touched', async () => {
  const theirs = await stage.client.schedule.create({
    scheduleId: 'mysql-runbooks/taken',
    spec: { intervals: [{ every: '7 days' }] },
    action: { type: 'startWorkflow', workflowType: 'payroll', taskQueue: 'payroll', workflowId: 'payroll' },
  });
  write(`${schedule('fresh', 'everyMinutes: 60')}, ${schedule('taken', 'everyMinutes: 60')}`);
  expect(await type('schedules apply')).toMatchObject({
    code: 2,
    stderr:
      'runbook: Temporal has a schedule mysql-runbooks/taken that no inventory has made. Give the one of the inventory another name, or delete that one.\n',
  });
  expect((await theirs.describe()).action.workflowType).toBe('payroll');
  await theirs.delete();
});

test('pause says who, outlives an edit, and resume ends it; list and preview show the next runs', async () => {
  write(schedule('daily', "cron: '0 10 * * *', timeZone: Europe/Berlin"));
  await applied();
  expect((await type('schedules pause daily --reason vacation')).stdout).toBe('daily is paused by ada: vacation.\n');
  expect((await type('schedules pause daily')).stdout).toBe('daily was paused already: paused by ada: vacation.\n');
  write(schedule('daily', "cron: '0 11 * * *', timeZone: Europe/Berlin"));
  expect(await applied()).toEqual(['daily updated cron']);
  await eventually('the list shows the pause', async () =>
    (await type('schedules list')).stdout.includes('paused: paused by ada: vacation'),
  );
  expect((await type('schedules resume daily')).stdout).toBe('daily is resumed by ada.\n');
  expect(await applied()).toEqual(['daily unchanged']);
  expect((await type('schedules pause dayly')).stderr).toMatch(
    /no schedule "dayly" of an inventory. Schedules: daily\.\n$/,
  );

  const { stdout } = await type('schedules preview daily --runs 10 --json');
  const [ours] = JSON.parse(stdout) as [{ runs: { at: string }[] }];
  const { nextActionTimes } = (await stage.client.schedule.getHandle('mysql-runbooks/daily').describe()).info;
  expect(ours.runs.map(({ at }) => at)).toEqual(nextActionTimes.map((at) => at.toISOString()));
});

test('where the inventory names people, an operator applies, and a viewer sees what would be done', async () => {
  write(schedule('daily', 'everyMinutes: 60'));
  appendFileSync(
    join(cwd, 'fleet.yaml'),
    'people: [{ name: ada, roles: [viewer] }, { name: bob, roles: [approver] }]\n',
  );
  expect(await applied(' --dry-run')).toEqual(['daily would be created']);
  for (const line of ['schedules apply', 'schedules pause daily', 'schedules resume daily'])
    expect(await type(line)).toMatchObject({ code: 3, stderr: expect.stringMatching(/role operator/) as string });
});

test('a run that is triggered runs its runbook; its outcome and words are those of the runbook', async () => {
  const played = placed();
  write(schedule(played.cluster, 'everyMinutes: 527040', played.cluster), played.cluster);
  await applied();
  const report = await triggered(played);
  expect(report).toMatchObject({ runbook: 'plannedSwitchover', outcome: 'planned', trigger: 'schedule' });
  expect(report.startedBy).toBe(`schedule ${played.cluster}`);
  expect(played.calls).toContain('blackoutNow');
  expect(touched(played.calls)).toEqual(['blackoutNow']);
  await eventually('the list shows how it went', async () => / planned$/m.test((await type('schedules list')).stdout));
});

test('in a blackout it is closed as skipped; gone from the inventory it is refused', async () => {
  const untilMs = Date.parse('2027-01-06T23:00:00Z');
  const dark = placed({ blackoutNow: () => Promise.resolve({ known: true, blackout: { name: 'year-end', untilMs } }) });
  write(schedule(dark.cluster, 'everyMinutes: 527040', dark.cluster), dark.cluster);
  await applied();
  expect(await triggered(dark)).toMatchObject({
    outcome: 'stood down',
    headline: 'Skipped: blackout window year-end until 2027-01-06T23:00:00Z',
  });
  expect(dark.calls).toEqual(['blackoutNow']);

  const gone = placed({ blackoutNow: () => Promise.resolve({ known: false, blackout: null }) });
  write(schedule(gone.cluster, 'everyMinutes: 527040', gone.cluster), gone.cluster);
  await applied();
  expect(await triggered(gone)).toMatchObject({ outcome: 'refused' });
});

const placed = (acts: object = {}): Played => {
  const scene = movable();
  return stage.put({ ...scene, acts: { ...scene.acts, ...acts } });
};

async function triggered({ cluster }: Played): Promise<RunbookReport> {
  const handle = stage.client.schedule.getHandle(`mysql-runbooks/${cluster}`);
  expect((await handle.describe()).action.taskQueue).toBe(TASK_QUEUE);
  await handle.trigger();
  const { workflow } = await eventually(
    'the schedule has started a run',
    async () => (await handle.describe()).info.recentActions[0]?.action,
  );
  const run = stage.client.workflow.getHandle(workflow.workflowId, workflow.firstExecutionRunId);
  return run.result() as Promise<RunbookReport>;
}
