import { setTimeout as pause } from 'node:timers/promises';
import { type WorkflowHandle } from '@temporalio/client';
import { approveUpdate, progressQuery, type RunProgress, TASK_QUEUE, upgradeId } from '../../workflows/messages';
import { type RunbookReport } from '../../workflows/decisions/report';
import { eventually } from '../support/wait';
import { TIMES_FASTER } from '../workflows/fast-clock';
import { Stage } from '../workflows/stage';
import { upgradable, type World } from '../workflows/upgrading';

const stage = new Stage();
beforeAll(() => stage.open(null, 'fast'), 120_000);
afterAll(() => stage.close());

const HOUR = 3_600_000;
const hours = (many: number): Promise<void> => pause((many * HOUR) / TIMES_FASTER);

interface Days {
  readonly world: World;
  readonly handle: WorkflowHandle;
  readonly progress: () => Promise<RunProgress>;
  readonly untilAsked: (text: RegExp) => Promise<void>;
  readonly approve: () => Promise<void>;
}

/** An upgrade whose hours are those of production; whatever watches does so in the time of the run. */
async function begin(input: object = {}): Promise<Days> {
  const { scene, world } = upgradable();
  const acts = {
    ...scene.acts,
    watchLinks: async ({ forSeconds }: { readonly forSeconds: number }) => {
      if (world.broken.length === 0) await hours(forSeconds / 3_600);
      return world.broken;
    },
  };
  const { cluster } = stage.put({ ...scene, acts });
  const handle = await stage.client.workflow.start('upgradeCluster', {
    workflowId: upgradeId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster, to: '8.0', requestedBy: 'ada', ...input }],
  });
  const progress = () => handle.query(progressQuery);
  return {
    world,
    handle,
    progress,
    async untilAsked(text) {
      await eventually(
        `it asks ${String(text)}`,
        async () => {
          const { question, headline } = await progress();
          if (question && text.test(question.text)) return true;
          throw new Error(`${headline}: ${question?.text ?? 'it asks nothing'}`);
        },
        120_000,
      );
    },
    async approve() {
      const { question } = await progress();
      await handle.executeUpdate(approveUpdate, { args: [{ by: 'ada', plan: question?.planHash ?? '' }] });
      await eventually('it is heard', async () => (await progress()).question?.id !== question?.id);
    },
  };
}

const daysOf = ({ startedAt, endedAt }: RunbookReport): number =>
  (Date.parse(endedAt) - Date.parse(startedAt)) / (24 * HOUR);

test('a day of soaking, an hour of watching, a day of the way back; nobody answers whether to retire: it is kept for another day', async () => {
  const { world, handle, progress, untilAsked, approve } = await begin({ answerHours: 48 });
  await untilAsked(/^Move the primary/);
  expect(world.head).toBe('db1');
  await approve();
  await untilAsked(/^Retire/);
  const question = await eventually('it asks', async () => (await progress()).question);
  await eventually('they are reminded', async () => Number((await progress()).question?.reminders) >= 5, 60_000);
  expect(world.head).toBe('db3');
  await eventually('nobody has answered', async () => (await progress()).question?.id !== question.id, 60_000);
  expect(world.detached).toEqual([]);
  await untilAsked(/^Retire/);
  await approve();
  const report = (await handle.result()) as RunbookReport;
  expect(report.outcome).toBe('done');
  expect(report.decisions.join('\n')).toMatch(
    /not retired \(nobody answered within 2880 minutes\): the way back is kept for 24 hours more/,
  );
  expect(daysOf(report)).toBeGreaterThan(5);
  expect(world.detached).toEqual(['db1', 'db2']);
}, 300_000);

test('a way back that is broken for a week is asked about for all of it, and closes the question when it is mended', async () => {
  const { world, handle, progress, untilAsked, approve } = await begin({ soakHours: 1 });
  await untilAsked(/^Move the primary/);
  await approve();
  await eventually('it has moved', () => world.head === 'db3', 60_000);
  world.broken = [{ replica: 'db1', source: 'db3', because: 'the applier of db1 stopped with error 1064' }];
  await untilAsked(/^The way back .* is broken/);
  const asked = (await progress()).question;
  await eventually(
    'six days have passed',
    async () => {
      const now = (await progress()).question;
      expect(now?.id).toBe(asked?.id);
      return Date.parse(now?.remindedAt ?? '') - Date.parse(now?.askedAt ?? '') > 6 * 24 * HOUR;
    },
    200_000,
  );
  world.broken = [];
  await untilAsked(/^Retire/);
  await approve();
  expect((await handle.result()) as RunbookReport).toMatchObject({ outcome: 'done' });
}, 400_000);

test('nobody answers for two days whether to switch: the upgrade is called off, and clients noticed nothing', async () => {
  const { world, handle, untilAsked } = await begin({ soakHours: 1, answerHours: 48 });
  await untilAsked(/^Move the primary/);
  const report = (await handle.result()) as RunbookReport;
  expect(report).toMatchObject({
    outcome: 'rejected',
    headline: expect.stringMatching(/nobody answered within 2880 minutes/) as string,
  });
  expect(daysOf(report)).toBeGreaterThan(2);
  expect([world.head, world.detached]).toEqual(['db1', ['db3', 'db4']]);
}, 300_000);
