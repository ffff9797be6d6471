import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { type WorkflowHandle } from '@temporalio/client';
import { type Activities } from '../../activities';
import { findRun } from '../../cli/runs';
import { type RunbookReport } from '../../workflows/decisions/report';
import { restoreId, TASK_QUEUE } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { db4, restorable, X } from './restoring';
import { fails, type Played, policy, Stage } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const begin = ({ cluster }: Played): Promise<WorkflowHandle> =>
  stage.client.workflow.start('restoreToPoint', {
    workflowId: restoreId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster, before: X, tables: ['shop.items'], into: 'cluster' }],
  });
const report = async (handle: WorkflowHandle) => (await handle.result()) as RunbookReport;

/** First cells of a paper's tables of steps: an italic one is no step of its own. */
const stepsOf = (paper: string) =>
  [...readFileSync(join(__dirname, `../../docs/runbooks/${paper}.md`), 'utf8').matchAll(/^\| ([A-Z][^|*`]+) \|/gm)].map(
    ([, title]) => title,
  );

test('the steps of both ways are those of the paper, in its order', async () => {
  const titles: string[] = [];
  for (const delayed of [[], [db4]]) {
    const handle = await begin(stage.put(restorable({ delayed })));
    await stage.approve(handle);
    const { outcome, steps } = await report(handle);
    expect(outcome).toBe('done');
    for (const { title } of steps) if (!titles.includes(title)) titles.push(title);
  }
  expect(titles).toEqual(stepsOf('restore-to-point'));
});

test('the steps of a purge are those of its paper', async () => {
  const going = { to: 'binlog.000004', files: 3, bytes: 600, heldBackBy: '' };
  const surveyPurge: Activities['surveyPurge'] = ({ cluster }) =>
    Promise.resolve({ cluster: policy({}, { name: cluster }), members: [{ name: 'db1', ...going }], because: 'three' });
  const handle = await stage.begin('purgeBinlogs', stage.put({ acts: { surveyPurge } }));
  const { steps } = await report(handle);
  expect(steps.map(({ title }) => title.replace('db1', 'each member'))).toEqual(stepsOf('purge-binlogs'));
});

test("a restore that asks is what its cluster's name means to `runbook approve`, while nothing else goes on", async () => {
  const played = stage.put(restorable());
  const handle = await begin(played);
  await stage.question(handle);
  const door = { client: stage.client, namespace: 'default', address: stage.address, webUi: null };
  expect(await findRun(door, played.cluster)).toMatchObject({ workflowId: restoreId(played.cluster) });
  await stage.approve(handle);
  expect(await report(handle)).toMatchObject({ outcome: 'done' });
});

test('a delayed replica waits again, also when its tables cannot be copied', async () => {
  const played = stage.put(
    restorable({ delayed: [db4] }, { restoreTo: fails('LOAD_FAILED', 'mysqldump ended with 2') }),
  );
  const handle = await begin(played);
  await stage.approve(handle);
  expect(await report(handle)).toMatchObject({
    outcome: 'failed',
    headline: 'Not restored: mysqldump ended with 2. Mend it.',
    left: [],
  });
  expect(played.calls.some((call) => call.startsWith('waitAgain'))).toBe(true);
});

test('a delayed replica that does not wait again is left to a person with its statements', async () => {
  const acts: Partial<Activities> = { waitAgain: fails('MISSING_PRIVILEGE', 'not allowed') };
  const handle = await begin(stage.put(restorable({ delayed: [db4] }, acts)));
  await stage.approve(handle);
  const { outcome, left } = await report(handle);
  expect({ outcome, left }).toEqual({
    outcome: 'done',
    left: [expect.stringMatching(/^db4 does not wait as before: STOP REPLICA SQL_THREAD; .* SOURCE_DELAY = 3600;/)],
  });
});

test('a delayed replica that applies the mistake while a person thinks voids the plan, and a backup is asked for', async () => {
  let looks = 0;
  const { acts } = restorable();
  const survey = acts?.surveyRestore ?? never;
  const surveyRestore: Activities['surveyRestore'] = async (order) => {
    looks += 1;
    return { ...(await survey(order)), delayed: looks === 1 ? [db4] : [] };
  };
  const handle = await begin(stage.put(restorable({}, { surveyRestore })));
  const first = await stage.approve(handle);
  await stage.approve(handle, first.id);
  const { outcome, steps } = await report(handle);
  expect(outcome).toBe('done');
  expect(steps.map(({ title }) => title)).toContain('Restore the backup, apply the archived transactions');
});

test('called off while it restores: the activity hears of it, and the report says that nothing was changed', async () => {
  const heard: string[] = [];
  const restoreTo: Activities['restoreTo'] = async () => {
    heard.push('begun');
    const beating = setInterval(() => Context.current().heartbeat(), 100);
    try {
      return await Context.current().cancelled;
    } finally {
      clearInterval(beating);
      heard.push('ended');
    }
  };
  const handle = await begin(stage.put(restorable({}, { restoreTo })));
  await stage.approve(handle);
  await eventually('it restores', () => heard.length === 1);
  await handle.cancel();
  expect(await report(handle)).toMatchObject({ outcome: 'rejected', headline: 'Called off, nothing was changed' });
  expect(heard).toEqual(['begun', 'ended']);
});

const never = (): never => {
  throw new Error('never');
};
