import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  approveUpdate,
  changeId,
  EMERGENCY_TASK_QUEUE,
  goBackSignal,
  progressQuery,
  storyQuery,
  type RunProgress,
  TASK_QUEUE,
  upgradeId,
} from '../../workflows/messages';
import { type UpgradeFinding } from '../../workflows/decisions/upgrade';
import { type RunbookReport } from '../../workflows/decisions/report';
import { eventsOf } from '../../workflows/decisions/story';
import { eventually } from '../support/wait';
import { fails, failsFirst, Stage } from './stage';
import { upgradable } from './upgrading';

const stage = new Stage();
beforeAll(() => stage.open(), 120_000);
afterAll(() => stage.close());

const QUICK = { soakHours: 0, watchHours: 0, keepHours: 0 };
const FOR_EVER = { soakHours: 0, watchHours: 24 };

interface Run {
  readonly handle: WorkflowHandle;
  readonly approve: (text: RegExp) => Promise<void>;
  readonly asked: (text: RegExp) => Promise<NonNullable<RunProgress['question']>>;
  readonly inPhase: (phase: string) => Promise<unknown>;
  readonly result: () => Promise<RunbookReport>;
}

async function begin(cluster: string, input: object = {}): Promise<Run> {
  const workflowId = upgradeId(cluster);
  const started = await stage.client.workflow.start('upgradeCluster', {
    workflowId,
    taskQueue: TASK_QUEUE,
    args: [{ cluster, to: '8.0', requestedBy: 'ada', ...QUICK, ...input }],
  });
  const handle = stage.client.workflow.getHandle(workflowId);
  const progress = () => handle.query(progressQuery);
  const asked: Run['asked'] = (text) =>
    eventually(`it asks ${String(text)}`, async () => {
      const { question, headline, phase } = await progress();
      if (question && text.test(question.text)) return question;
      throw new Error(`${phase}: ${headline}: ${question?.text ?? ''}`);
    });
  return {
    handle,
    asked,
    approve: async (text) => {
      const { planHash } = await asked(text);
      await handle.executeUpdate(approveUpdate, { args: [{ by: 'ada', plan: planHash }] });
    },
    inPhase: (phase) => eventually(`phase ${phase}`, async () => (await progress()).phase === phase),
    result: () => started.result() as Promise<RunbookReport>,
  };
}

const SWITCH = /^Move the primary from db1 \(5\.7\) to db3 \(8\.0\)\?$/;
const RETIRE = /^Retire db1, db2 \(5\.7\)/;

test('there, back, there again, and the old release is retired', async () => {
  const { scene, world } = upgradable();
  const run = await begin(stage.put(scene).cluster);
  await run.approve(SWITCH);
  await run.asked(RETIRE);
  expect(await stage.say(run.handle, 'goBack', { by: 'ada', reason: 'too slow' })).toMatch(
    /^going back: one more switchover, from db3 to db1/,
  );
  await run.asked(SWITCH);
  expect(world.head).toBe('db1');
  await run.approve(SWITCH);
  await run.approve(RETIRE);
  expect(await run.result()).toMatchObject({
    outcome: 'done',
    headline: expect.stringContaining('runs 8.0: db3 is the primary') as string,
  });
  expect(world.detached).toEqual(['db1', 'db2']);
});

test('a new server that cannot have it from the binary logs is filled by a dump of a replica before it follows', async () => {
  const { scene } = upgradable({ upgrade: { green: ['db3'] } }, ['db3']);
  const run = await begin(stage.put(scene).cluster);
  await run.approve(SWITCH);
  await run.asked(/^Retire/);
  await stage.say(run.handle, 'cancel', { by: 'ada' });
  const { steps } = await run.result();
  const titles = steps.map(({ title }) => title);
  const filled = titles.indexOf('Fill db3 by logical from db2');
  expect(filled).toBeGreaterThan(0);
  expect(titles.indexOf('Let db3 follow db1')).toBeGreaterThan(filled);
});

test('a copy that fails puts everything back, and says what it leaves', async () => {
  const { scene, world } = upgradable({ upgrade: { green: ['db3'] } }, ['db3']);
  const dumpInto = () => Promise.reject(ApplicationFailure.nonRetryable('the disk is full', 'STORE_FULL'));
  const run = await begin(stage.put({ ...scene, acts: { ...scene.acts, dumpInto } }).cluster);
  expect(await run.result()).toMatchObject({
    outcome: 'failed',
    headline: 'Not switched, db1 is the primary as before: the disk is full',
    left: expect.arrayContaining([expect.stringMatching(/^db3 may hold half of a copy/)]) as string[],
  });
  expect([world.head, world.detached]).toEqual(['db1', ['db3']]);
});

const stalls = fails('RELAY_LOG_STALLED', 'db3 has applied nothing for 60 s; 7 transactions are left');
const STALLED = /^db3 does not come up to db1: go on waiting\?$/;

test('a new server that does not come up is asked about, and the question closes when it applies again', async () => {
  const { scene } = upgradable();
  const advance = failsFirst(1, stalls, () => ({ reached: true, primaryWell: true, left: 0 }));
  const run = await begin(stage.put({ ...scene, acts: { ...scene.acts, advance } }).cluster);
  expect((await run.asked(STALLED)).because).toEqual([
    expect.stringMatching(/^db3 has applied nothing for 60 s; 7 transactions are left/),
    expect.stringMatching(/^no: db3 and db4 stop replicating and stay as they are/),
  ]);
  await run.asked(SWITCH);
  await stage.say(run.handle, 'cancel', { by: 'ada' });
  await run.result();
});

test('nobody wants to wait for it any longer: the upgrade is called off by that answer', async () => {
  const { scene, world } = upgradable();
  const run = await begin(stage.put({ ...scene, acts: { ...scene.acts, advance: stalls } }).cluster);
  await run.asked(STALLED);
  await stage.reject(run.handle);
  expect(await run.result()).toMatchObject({
    outcome: 'rejected',
    headline: expect.stringMatching(/^Called off by ada: not now: db1 is the primary/) as string,
  });
  expect([world.head, world.detached]).toEqual(['db1', ['db3', 'db4']]);
});

test('called off before the switch: the new servers leave, nothing else was touched', async () => {
  const { scene, world } = upgradable();
  const run = await begin(stage.put(scene).cluster);
  await run.asked(SWITCH);
  await stage.say(run.handle, 'cancel', { by: 'ada' });
  expect(await run.result()).toMatchObject({
    outcome: 'rejected',
    headline: expect.stringMatching(/by ada: db1 is the primary/) as string,
  });
  expect([world.head, world.detached]).toEqual(['db1', ['db3', 'db4']]);
});

test('called off behind the switch: the old release takes the writes first, then the new servers leave', async () => {
  const { scene, world } = upgradable();
  const run = await begin(stage.put(scene).cluster, FOR_EVER);
  await run.approve(SWITCH);
  await run.inPhase('watch');
  expect(await stage.say(run.handle, 'cancel', { by: 'ada' })).toMatch(/called off/);
  expect(await run.result()).toMatchObject({ outcome: 'rejected' });
  expect([world.head, world.detached]).toEqual(['db1', ['db3', 'db4']]);
});

test('going back before the switch is calling off', async () => {
  const { scene, world } = upgradable();
  const run = await begin(stage.put(scene).cluster, { soakHours: 24 });
  await run.inPhase('soak');
  await run.handle.signal(goBackSignal, { by: 'ada' });
  expect(await run.result()).toMatchObject({ outcome: 'rejected' });
  expect(world.detached).toEqual(['db3', 'db4']);
});

test('a way back that breaks is asked about at once, is not taken, and the question closes when it is mended', async () => {
  const { scene, world } = upgradable();
  const run = await begin(stage.put(scene).cluster, FOR_EVER);
  await run.approve(SWITCH);
  await run.inPhase('watch');
  world.broken = [{ replica: 'db1', source: 'db3', because: 'the applier of db1 stopped with error 1146' }];
  await run.asked(/^The way back of .* is broken: give it up\?$/);
  expect(await stage.say(run.handle, 'goBack', { by: 'ada' })).toMatch(/^The way back is broken: .*1146/);
  world.broken = [];
  await eventually('it is closed', async () => (await run.handle.query(progressQuery)).question === null);
  expect(await stage.say(run.handle, 'goBack', { by: 'ada' })).toMatch(/^going back/);
  await run.asked(SWITCH);
  expect(world.head).toBe('db1');
});

test('a history that grows long goes on in a new run, which knows what was found and does not say again that it has begun', async () => {
  const { scene } = upgradable();
  const { cluster } = stage.put(scene);
  const run = await begin(cluster, { ...FOR_EVER, eventsPerRun: 100 });
  const first = (await run.handle.describe()).runId;
  await run.approve(SWITCH);
  await eventually('another run goes on', async () => (await run.handle.describe()).runId !== first);
  await run.inPhase('watch');
  const toldBy = async (runId?: string) => {
    const story = await stage.client.workflow.getHandle(upgradeId(cluster), runId).query(storyQuery);
    return { story, kinds: eventsOf(story).map(({ kind }) => kind) };
  };
  const [before, now] = [await toldBy(first), await toldBy()];
  expect([before.kinds.includes('started'), before.kinds.includes('ended')]).toEqual([true, false]);
  expect([now.kinds.includes('started'), now.kinds.includes('plan')]).toEqual([false, false]);
  expect(now.story.startedAt).toBe(before.story.startedAt);
  await stage.say(run.handle, 'cancel', { by: 'ada' });
  const report = await run.result();
  expect(report.approvals.join()).toMatch(/Move the primary from db1/);
  expect(report.steps.map(({ title }) => title)).toContain('Let db3 come up to db1');
});

test('what the precheck calls an error refuses, unless a person gives a reason', async () => {
  const { scene } = upgradable();
  const finding: UpgradeFinding = {
    ...{ check: 'authentication-plugin', severity: 'error', step: '5.7 → 8.0', instance: 'orders' },
    ...{ where: "'app'@'%'", why: 'it cannot log in', cure: ['ALTER USER …;'], manual: 'Authentication Plugins' },
  };
  const precheckUpgrade = async (
    order: Parameters<NonNullable<NonNullable<typeof scene.acts>['precheckUpgrade']>>[0],
  ) => ({
    ...(await upgradable().scene.acts!.precheckUpgrade!(order)),
    ...{ findings: [finding], errors: 1 },
  });
  const planted = { ...scene, acts: { ...scene.acts, precheckUpgrade } };
  expect(await (await begin(stage.put(planted).cluster)).result()).toMatchObject({
    outcome: 'refused',
    left: ["'app'@'%' (orders): it cannot log in: ALTER USER …;"],
  });
  const forced = await begin(stage.put(planted).cluster, { forced: 'tried in staging' });
  await forced.approve(/^upgrade .* from 5\.7 to 8\.0/);
  await forced.asked(SWITCH);
  await stage.say(forced.handle, 'cancel', { by: 'ada' });
  expect((await forced.result()).evidence).toContain(
    "forced past: 'app'@'%' (orders): it cannot log in: ALTER USER …;",
  );
});

test('a switchover between releases is refused from anybody but an upgrade', async () => {
  const { cluster } = stage.put(upgradable().scene);
  const handle = await stage.client.workflow.start('plannedSwitchover', {
    workflowId: changeId(cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster, to: 'db3', across: { agreed: 'I say so' } }],
  });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { message: expect.stringContaining('takes "across" from upgradeCluster alone') as string },
  });
});
