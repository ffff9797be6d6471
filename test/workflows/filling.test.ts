import { type RunbookReport } from '../../workflows/decisions/report';
import { provisionId, TASK_QUEUE } from '../../workflows/messages';
import { fillable } from './filling';
import { fails, type Scene, Stage } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

async function filled(scene: Partial<Scene>, order: object = {}): Promise<RunbookReport & { calls: string[] }> {
  const { cluster, calls } = stage.put(scene);
  const run = await stage.client.workflow.start('provisionReplica', {
    workflowId: provisionId(cluster, 'db4'),
    taskQueue: TASK_QUEUE,
    args: [{ cluster, instance: 'db4', ...order }],
  });
  return { ...((await run.result()) as RunbookReport), calls };
}

test('a filling by files is told where the data folder is, and what it keeps', async () => {
  const orders: unknown[] = [];
  const fillWithFiles = (order: unknown) => {
    orders.push(order);
    return Promise.resolve({ gtids: '', bytes: 1, seconds: 1, notes: [] });
  };
  const told = await filled(fillable({ fillWithFiles }), { strategy: 'physical', donor: 'db2' });
  expect(told).toMatchObject({
    outcome: 'done',
    headline: 'db4 replicates from db1, has caught up, and holds what db2 holds',
  });
  expect(told.plan?.lines).toContain('all data of db4 is set aside, and goes when its server answers on the new');
  expect(orders).toMatchObject([{ donor: 'db2', dataFolder: '/var/lib/mysql', bytes: 4e9, keepsOld: true }]);
});

test('a donor that fails is not asked twice, and the next one gives', async () => {
  let times = 0;
  const broken = fails('COPY_FAILED', 'CLONE of db4 from db2 failed: it died');
  const cloneFrom = () => (times++ === 0 ? broken() : Promise.resolve({ gtids: '', bytes: 1, seconds: 1, notes: [] }));
  const told = await filled(fillable({ cloneFrom }));
  expect(told.steps.map(({ title }) => title).filter((title) => title.startsWith('Fill'))).toEqual([
    'Fill db4 by clone from db2',
    'Fill db4 by clone from db3',
  ]);
  expect(told).toMatchObject({ outcome: 'done', headline: expect.stringMatching(/holds what db3 holds/) as string });
});

test('when nobody is left to give, the report says the state of the recipient and what to do', async () => {
  const told = await filled(fillable({ cloneFrom: fails('COPY_FAILED', 'db4 is unusable: its data is dropped') }), {
    donor: 'db3',
  });
  expect(told).toMatchObject({ outcome: 'failed' });
  expect(told.headline).toMatch(/^db4 is no replica yet: .*db4 is unusable/);
  expect(told.left.join()).toMatch(/start provisionReplica again/);
});
