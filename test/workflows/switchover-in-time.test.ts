import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { cancelRun, runToControl } from '../../cli/controlling';
import { findRun } from '../../cli/runs';
import { type Door } from '../../cli/temporal';
import { ANYBODY } from '../../workflows/decisions/approvals';
import { type Opening } from '../../workflows/decisions/calendar';
import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE, progressQuery, scheduledId } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { holdup, movable, moved, well } from './moving';
import { type Played, policy, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const put = (...seen: Parameters<typeof movable>): Played => stage.put(movable(...seen));
/** Beside a failover that waits for an answer under the lock. */
const putBesideFailover = (): Played => stage.put({ ...movable(), cluster: policy({ mode: 'approve' }) });

const order = (played: Played, more: object): object => ({ cluster: played.cluster, to: 'db2', ...more });
const wait = (played: Played, more: object, workflowId = scheduledId(played.cluster)): Promise<WorkflowHandle> =>
  stage.client.workflow.start('plannedSwitchover', {
    workflowId,
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [order(played, more)],
  });
const resultOf = (handle: WorkflowHandle): Promise<RunbookReport> => handle.result() as Promise<RunbookReport>;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const phaseIs = (handle: WorkflowHandle, phase: string) =>
  eventually(`it is in ${phase}`, async () => {
    const progress = await handle.query(progressQuery);
    if (progress.outcome !== null) throw new Error(progress.headline);
    return progress.phase === phase && progress;
  });
const who = { by: 'ada@example.com', reason: 'not tonight' };
const lockOf = (played: Played) => stage.client.workflow.getHandle(changeId(played.cluster));

const MOVED = ['repointReplica db3', 'awaitReceiver db3', 'catchUp db2', 'switchPrimary', 'settleNewPrimary'];

test('it waits without the lock, says until when, and begins in time as the run that holds the lock', async () => {
  const played = put();
  const at = inMs(2_500);
  const handle = await wait(played, { at });
  const { headline } = await phaseIs(handle, 'wait');
  expect(headline).toBe(
    `waits until ${at.replace(/\.\d+/, '')} (ordered for ${at}) and looks at everything anew then; cancel it to call it off: runbook cancel ${scheduledId(played.cluster)}`,
  );
  const page = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(page.currentDetails).toContain(headline);
  await expect(lockOf(played).describe()).rejects.toThrow();
  expect(touched(played.calls)).toEqual([]);

  const told = await resultOf(handle);
  expect(told).toMatchObject({ outcome: 'done', oldPrimary: 'db1', newPrimary: 'db2' });
  expect(Date.parse(told.startedAt)).toBeGreaterThanOrEqual(Date.parse(at));
  expect((await lockOf(played).describe()).runId).toBe(told.run);
  expect(played.calls.filter((call) => call === 'previewCluster')).toHaveLength(2);
  expect(touched(played.calls)).toEqual(expect.arrayContaining(MOVED));
  expect((await handle.query(progressQuery)).outcome).toBe('done');
});

test('an emergency goes on while it waits, and what it finds at its time decides', async () => {
  const played = put([well, moved]);
  const handle = await wait(played, { at: inMs(1_500) });
  await phaseIs(handle, 'wait');
  expect(await stage.run(played)).toMatchObject({ runbook: 'emergencyFailover', outcome: 'done' });
  const touchedByIt = played.calls.length;
  expect(await resultOf(handle)).toMatchObject({
    runbook: 'plannedSwitchover',
    outcome: 'stood down',
    headline: 'Stood down, nothing was changed: db2 is the primary already',
  });
  expect(touched(played.calls.slice(touchedByIt))).toEqual([]);
});

test('called off while it waits: a report says so and nothing is touched', async () => {
  const played = put();
  const handle = await wait(played, { at: inMs(3_600_000) });
  await phaseIs(handle, 'wait');
  await handle.cancel();
  expect(await resultOf(handle)).toMatchObject({ outcome: 'rejected', headline: 'Called off, nothing was changed' });
  expect(touched(played.calls)).toEqual([]);
  expect(played.calls).toContain('writeReport');
});

test('called off while sessions are waited for, under the lock', async () => {
  const scene = movable();
  const played = stage.put({ ...scene, acts: { ...scene.acts, holdupsOn: () => Promise.resolve([holdup]) } });
  const handle = await wait(played, {}, changeId(played.cluster));
  await phaseIs(handle, 'drain');
  await handle.cancel();
  expect(await resultOf(handle)).toMatchObject({ outcome: 'rejected', headline: 'Called off, nothing was changed' });
  expect(played.calls).not.toContain('switchPrimary');
});

describe('a bad order is refused at once, not at its time', () => {
  const later = { at: '2999-01-01T00:00:00Z' };
  test.each<[string, object, RegExp]>([
    ['a server that there is not', { ...later, to: 'db9' }, /db9 is not an instance of/],
    ['a time that is over', { at: '2020-01-01T00:00:00Z' }, /2020-01-01T00:00:00Z is over: it is /],
    ['a window where none is declared', { window: true }, /has no maintenance window$/],
  ])('%s', async (_, more, why) => {
    const played = put();
    const told = await resultOf(await wait(played, more));
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(why);
    expect(touched(played.calls)).toEqual([]);
  });

  test.each<[string, object, (played: Played) => string, RegExp]>([
    ['under the lock', later, (played) => changeId(played.cluster), /A run that waits must not hold the lock/],
    ['a time without a zone', { at: '2999-01-01T00:00:00' }, () => randomUUID(), /expected a time with its zone/],
    ['words', { at: 'tonight' }, () => randomUUID(), /for example {"at":"2026-11-22T03:00:00\+01:00"}/],
  ])('%s: the input is wrong', async (_, more, id, why) => {
    const played = put();
    const error = (await (await wait(played, more, id(played))).result().catch((thrown: unknown) => thrown)) as Error;
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(String(error.cause)).toMatch(why);
  });
});

describe('what is late refuses', () => {
  const soon = (): Opening => ({ opensMs: Date.now() + 700, closesMs: Date.now() + 600_000 });
  const nextWeek = { opensMs: Date.now() + 6e8, closesMs: Date.now() + 7e8 };

  test('inside its window it begins', async () => {
    const played = put(undefined, [soon(), { ...soon(), opensMs: 0 }]);
    expect(await resultOf(await wait(played, { window: true }))).toMatchObject({ outcome: 'done' });
  });

  test('the windows were changed while it waited', async () => {
    const played = put(undefined, [soon(), nextWeek]);
    const told = await resultOf(await wait(played, { window: true }));
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(/no maintenance window of .+ is open: the inventory was changed/);
    expect(touched(played.calls)).toEqual([]);
  });

  test('another change holds the lock for too long', async () => {
    const played = putBesideFailover();
    const emergency = await stage.start(played);
    await stage.question(emergency);
    const handle = await wait(played, { at: inMs(0), lateMinutes: 0.03 });
    const told = await resultOf(handle);
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(/its time is over: it is .+, and it was to begin until/);
    await stage.reject(emergency);
    await emergency.result();
  });

  test('another change gives the lock back in time', async () => {
    const played = putBesideFailover();
    const emergency = await stage.start(played);
    await stage.question(emergency);
    const handle = await wait(played, { at: inMs(0) });
    await eventually('it meets the lock', async () =>
      /Another change of .+ is running/.test((await handle.query(progressQuery)).headline),
    );
    await stage.reject(emergency);
    await emergency.result();
    expect(await resultOf(handle)).toMatchObject({ outcome: 'done' });
  });

  test('its time was over when it got to work', async () => {
    const played = put();
    const told = await resultOf(await wait(played, { notAfter: inMs(-1_000) }, changeId(played.cluster)));
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(/its time is over, name another$/);
    expect(touched(played.calls)).toEqual([]);
  });
});

test('a dry run says when it would begin, and waits for nothing', async () => {
  const played = put();
  const told = await resultOf(await wait(played, { at: '2999-01-01T00:00:00Z', dryRun: true }, randomUUID()));
  expect(told.outcome).toBe('planned');
  expect(told.decisions).toContain(
    'it would begin at 2999-01-01T00:00:00Z (ordered for 2999-01-01T00:00:00Z), and not after 2999-01-01T00:30:00Z',
  );
});

describe('where the policy asks before planned changes', () => {
  const asking = (): Played => stage.put(movable(undefined, undefined, { approvals: { ...ANYBODY, planned: 'ask' } }));

  test('it asks when it begins, as the run that holds the lock', async () => {
    const played = asking();
    const handle = await wait(played, { at: inMs(0) });
    await phaseIs(handle, 'begin');
    await eventually('it has the lock', async () => (await lockOf(played).describe()).status.name === 'RUNNING');
    await stage.approve(lockOf(played));
    expect(await resultOf(handle)).toMatchObject({ outcome: 'done' });
  });

  test('a yes that comes when its time is over changes nothing', async () => {
    const played = asking();
    const notAfter = inMs(1_500);
    const handle = await wait(played, { notAfter }, changeId(played.cluster));
    await stage.question(handle);
    await eventually('its time is over', () => Promise.resolve(Date.now() > Date.parse(notAfter)));
    await stage.approve(handle);
    const told = await resultOf(handle);
    expect(told).toMatchObject({ outcome: 'refused' });
    expect(told.headline).toMatch(/its time is over, name another$/);
    expect(touched(played.calls)).toEqual([]);
  });
});

describe('runbook pause', () => {
  test('paused while it waits, it does not begin at its time; resumed in time, it does', async () => {
    const played = put();
    const at = inMs(1_000);
    const handle = await wait(played, { at });
    await phaseIs(handle, 'wait');
    expect(await stage.say(handle, 'pause', who)).toMatch(/^paused before its next step; .*it is called off at/);
    await eventually('its time has come', () => Promise.resolve(Date.now() > Date.parse(at) + 200));
    expect((await handle.query(progressQuery)).phase).toBe('wait');
    await expect(lockOf(played).describe()).rejects.toThrow();
    expect(await stage.say(handle, 'resume', who)).toBe(`resumed by ${who.by}`);
    expect(await resultOf(handle)).toMatchObject({ outcome: 'done' });
  });

  test('resumed when its time is over, it refuses', async () => {
    const played = put();
    const at = inMs(500);
    const handle = await wait(played, { at, lateMinutes: 0.01 });
    await phaseIs(handle, 'wait');
    await stage.say(handle, 'pause', who);
    await eventually('its time is over', () => Promise.resolve(Date.now() > Date.parse(at) + 1_000));
    await stage.say(handle, 'resume', who);
    const told = await resultOf(handle);
    expect(told).toMatchObject({ outcome: 'refused' });
    expect(told.headline).toMatch(/its time is over: it is /);
    expect(touched(played.calls)).toEqual([]);
  });
});

test('paused under the lock before it prepares, and resumed when its time is over, it refuses', async () => {
  const scene = movable();
  let letGo: () => void = () => undefined;
  const listed = new Promise<void>((resolve) => (letGo = resolve));
  const played = stage.put({ ...scene, acts: { ...scene.acts, holdupsOn: () => listed.then(() => []) } });
  const notAfter = inMs(1_500);
  const handle = await wait(played, { notAfter }, changeId(played.cluster));
  await phaseIs(handle, 'drain');
  await stage.say(handle, 'pause', who);
  letGo();
  await eventually('its time is over', () => Promise.resolve(Date.now() > Date.parse(notAfter)));
  await stage.say(handle, 'resume', who);
  expect((await resultOf(handle)).headline).toMatch(/its time is over, name another$/);
  expect(touched(played.calls)).toEqual(['holdupsOn']);
});

describe('runbook cancel', () => {
  const door = (): Door => ({ client: stage.client, namespace: 'default', address: stage.address, webUi: null });
  const off = { calledOff: true, sentence: `Called off by ${who.by}: ${who.reason}, nothing was changed.` };
  const putBusy = (): Played => {
    const scene = movable();
    return stage.put({ ...scene, acts: { ...scene.acts, holdupsOn: () => Promise.resolve([holdup]) } });
  };

  test('a cluster means the run that waits; it is called off at once, and says who and why', async () => {
    const played = put();
    const handle = await wait(played, { at: inMs(3_600_000) });
    await phaseIs(handle, 'wait');
    expect(await findRun(door(), played.cluster)).toMatchObject({ workflowId: scheduledId(played.cluster) });
    const run = await runToControl(door(), played.cluster);
    expect(await cancelRun(door(), run, who)).toEqual(off);
    expect(touched(played.calls)).toEqual([]);
    await expect(runToControl(door(), played.cluster)).rejects.toThrow(/has ended \(rejected\)/);
  });

  test('a run that asks is called off; beside one that waits, a cluster alone is not enough', async () => {
    const played = putBesideFailover();
    const emergency = await stage.start(played);
    await stage.question(emergency);
    const handle = await wait(played, { at: inMs(3_600_000) });
    await expect(runToControl(door(), played.cluster)).rejects.toThrow(
      /has 2 runs that go on or wait: .+change, .+scheduled/,
    );
    expect(await cancelRun(door(), await runToControl(door(), changeId(played.cluster)), who)).toEqual(off);
    expect(await cancelRun(door(), await runToControl(door(), played.cluster), who)).toEqual(off);
    expect(await resultOf(handle)).toMatchObject({ outcome: 'rejected' });
  });

  test('when it has begun, a cluster means the change that goes on; the run that waited says so and ends with it', async () => {
    const played = putBusy();
    const handle = await wait(played, { at: inMs(0) });
    await phaseIs(handle, 'begin');
    await eventually('it has the lock', async () => (await lockOf(played).describe()).status.name === 'RUNNING');
    expect(await stage.say(handle, 'cancel', who)).toMatch(/^It has begun, as the run that holds the lock/);
    expect(await stage.say(handle, 'pause', who)).toMatch(/^It has begun/);
    const run = await runToControl(door(), played.cluster);
    expect(run.workflowId).toBe(changeId(played.cluster));
    expect(await cancelRun(door(), run, who)).toEqual(off);
    expect(await resultOf(handle)).toMatchObject({ outcome: 'rejected' });
    expect(played.calls).not.toContain('switchPrimary');
  });

  test('a run that nobody answers for is left the word in its history', async () => {
    const played = putBusy();
    const handle = await wait(played, {}, randomUUID());
    await eventually('it has the lock', async () => (await lockOf(played).describe()).status.name === 'RUNNING');
    await phaseIs(lockOf(played), 'drain');
    expect(await cancelRun(door(), await runToControl(door(), handle.workflowId), who)).toEqual({
      calledOff: true,
      sentence: 'Called off, nothing was changed.',
    });
    const { events } = await handle.fetchHistory();
    const asked = events?.map((event) => event.workflowExecutionCancelRequestedEventAttributes).find(Boolean);
    expect(asked).toMatchObject({ identity: who.by, cause: who.reason });
  });
});
