import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WorkflowHandle } from '@temporalio/client';
import { type RunbookReport } from '../../workflows/decisions/report';
import { progressQuery, storyQuery, TASK_QUEUE } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { backedUp, isNone } from './backing-up';
import { fails, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open(), 120_000);
afterAll(() => stage.close());

const begin = (runbook: string, cluster: string, order: object = {}): Promise<WorkflowHandle> =>
  stage.client.workflow.start(runbook, {
    ...{ workflowId: `test/${runbook}/${cluster}`, taskQueue: TASK_QUEUE, args: [{ cluster, ...order }] },
  });
const run = async (runbook: string, cluster: string, order: object = {}) =>
  (await begin(runbook, cluster, order)).result() as Promise<RunbookReport>;

/** The steps of a paper, in their order, as it prints them. */
const paper = (name: string): string[] =>
  [
    ...readFileSync(join(__dirname, '../../docs/runbooks', `${name}.md`), 'utf8').matchAll(
      /^\| \*\*([^*]+)\*\*([^|]*) \|/gm,
    ),
  ].map(([, bold, rest]) => `${bold ?? ''}${rest ?? ''}`);

test.each([
  ['backUp', 'back-up', {}],
  ['backUp', 'back-up', { kind: 'physical' }],
  ['verifyBackup', 'verify-backup', {}],
] as const)('the steps of %s are those of %s.md %j', async (runbook, name, order) => {
  const { cluster } = stage.put(backedUp());
  const told = await run(runbook, cluster, order);
  expect(told.outcome).toBe('done');
  expect(told.steps.map(({ title }) => title)).toEqual(paper(name));
});

test('a backup that is none is a failed run that says what to do, and how long it took to be back all the same', async () => {
  const { cluster } = stage.put(backedUp({ proveBackup: () => Promise.resolve(isNone) }));
  expect(await run('verifyBackup', cluster)).toMatchObject({
    ...{ outcome: 'failed', headline: isNone.because, rto: { totalMs: 1_500 } },
    left: ['take a new backup now (backUp), and find out what happened to b'],
  });
});

test('what cannot be copied is refused before anything is done', async () => {
  const played = stage.put(backedUp());
  expect(await run('backUp', played.cluster, { kind: 'physical', incremental: true })).toMatchObject({
    ...{ outcome: 'refused', headline: 'Refused, nothing was changed: CLONE copies everything each time' },
  });
  expect(touched(played.calls)).toEqual([]);
  await expect(
    begin('backUp', played.cluster, { incremental: true }).then((one) => one.result()),
  ).rejects.toMatchObject({
    cause: { message: expect.stringContaining('"incremental": expected "kind": "physical" beside it') as string },
  });
});

test('a store that is away is told as a phase and waited for; whoever does not want to wait calls it off', async () => {
  const { cluster, calls } = stage.put(
    backedUp({ takeLogical: fails('STORE_UNREACHABLE', 'the folder /backups does not exist') }),
  );
  const handle = await begin('backUp', cluster);
  const seen = await eventually(
    'the store is away',
    async () => {
      const progress = await handle.query(progressQuery);
      return progress.phase === 'store away' ? progress : undefined;
    },
    90_000,
  );
  expect(seen.outcome).toBeNull();
  const { controlled } = await handle.query(storyQuery);
  expect(controlled.map(({ text }) => text)).toEqual([
    'waits for the store: the folder /backups does not exist. Mend it. It is tried again every minute',
  ]);
  expect(calls.filter((call) => call.startsWith('takeLogical')).length).toBeGreaterThan(5);
  await handle.cancel();
  const told = (await handle.result()) as RunbookReport;
  expect([told.outcome, told.left]).toEqual(['rejected', []]);
  // Whatever it had stopped, it has started again.
  expect(calls.filter((call) => call.startsWith('letGoOn'))).toHaveLength(1);
}, 120_000);
