import { parseInventory } from '../../activities/inventory/inventory';
import { notifyId, storyQuery } from '../../workflows/messages';
import { type Told as DeliveryTold } from '../../workflows/decisions/delivery';
import { SlackStandIn, type Kept } from '../support/slack/stand-in';
import { eventually } from '../support/wait';
import { policy, Stage } from './stage';
import { type Told } from './temporal';

/** Runs are told on Slack: real workflows, a real Temporal, the real activity, and a local Slack that refuses what Slack refuses. */
const stage = new Stage();
const slack = new SlackStandIn();
let told: Told;

beforeAll(async () => {
  await slack.start();
  process.env['TEST_SLACK_TOKEN'] = slack.token;
  told = parseInventory(
    `
clusters:
  orders:
    durability: semi-sync
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: r, password: { env: X } }, replication: { user: r, password: { env: X } } }
slack: { token: { env: TEST_SLACK_TOKEN }, channel: C0RUNBOOKS, apiUrl: "${slack.url}", mentions: { question: [here], failed: [S0DBA] } }
temporal: { webUi: "http://127.0.0.1:8233" }
`,
    'fleet.yaml',
  );
  await stage.open(() => told);
});
afterAll(async () => {
  await stage.close();
  await slack.stop();
});
beforeEach(() => {
  slack.mood = 'well';
  slack.scopes = new Set(['chat:write', 'channels:history', 'files:write']);
  slack.files.shared.length = 0;
  slack.messages.length = 0;
  slack.refusals.length = 0;
  slack.calls.length = 0;
});

const delivered = async (workflowId: string, run: string): Promise<{ told: DeliveryTold; because: string }[]> => {
  const handle = stage.client.workflow.getHandle(notifyId(workflowId, run));
  await eventually('everybody is told', async () => (await handle.describe()).status.name !== 'RUNNING', 60_000);
  return (await handle.result()) as { told: DeliveryTold; because: string }[];
};
const blocksOf = (message: Kept | undefined) => JSON.stringify(message?.attachments ?? []);
const keys = () =>
  slack.messages.map(
    ({ metadata }) => (metadata as { event_payload: { key: string } }).event_payload.key.split('/')[1],
  );

test('one thread per run: the first message shows the end, the replies the plan, each part and the timeline', async () => {
  const played = stage.put();
  const handle = await stage.start(played, { requestedBy: 'ana@example.com', reason: 'db1 is dead' });
  const report = (await handle.result()) as { run: string };
  await delivered(handle.workflowId, report.run);
  expect(slack.roots).toHaveLength(1);
  const [root] = slack.roots;
  expect(root?.text).toBe(`:white_check_mark: *emergencyFailover of ${played.cluster}: done*`);
  expect(blocksOf(root)).toContain('started by ana@example.com (person): db1 is dead');
  expect(blocksOf(root)).toContain('http://127.0.0.1:8233/namespaces/default/workflows/');
  expect(root?.attachments[0]?.color).toBe('#2eb67d');
  expect(keys().join(' ')).toMatch(/^started phase:0 plan:\w+ phase:1 phase:2 phase:3 phase:4 ended$/);
  const end = slack.thread(root!).at(-1)!;
  expect(end.broadcast).toBe(true);
  expect(blocksOf(end)).toMatch(/█.* ms {2}Fence/);
  expect(slack.files.shared).toEqual([
    expect.objectContaining({
      channel: 'C0RUNBOOKS',
      thread: root?.ts,
      name: expect.stringContaining(report.run) as string,
    }),
  ]);
  expect(slack.refusals).toEqual([]);
}, 60_000);

test('a pause, and going on after it, stand in the thread', async () => {
  const played = stage.put({ cluster: policy({ mode: 'approve' }) });
  const handle = await stage.start(played);
  await stage.question(handle);
  await stage.say(handle, 'pause', { by: 'ada', reason: 'look first' });
  await eventually('the pause is told', () => Promise.resolve(keys().includes('control:0')), 30_000);
  await stage.say(handle, 'resume', { by: 'bob' });
  await stage.approve(handle);
  const { run } = (await handle.result()) as { run: string };
  await delivered(handle.workflowId, run);
  const told = slack.thread(slack.roots[0]!).map(({ text }) => text);
  expect(told).toEqual(expect.arrayContaining(['*paused by ada: look first*', '*resumed by bob*']));
}, 60_000);

test('a question calls people, carries buttons bound to the plan, and shows who answered; the buttons go', async () => {
  const played = stage.put({ cluster: policy({ mode: 'approve' }) });
  const handle = await stage.start(played);
  const question = await stage.question(handle);
  const asked = () =>
    slack.messages.find(({ metadata }) => JSON.stringify(metadata).includes(`question:${question.id}`));
  await eventually('Slack has it', () => asked() !== undefined, 20_000);
  expect(asked()!.text).toMatch(/^<!here> /);
  const value = slack.interaction(asked()!, 'runbook_approve', { id: 'U0ANA', name: 'ana' }).actions[0]!.value;
  expect(JSON.parse(value)).toEqual({
    workflowId: handle.workflowId,
    run: expect.any(String) as string,
    question: question.id,
    plan: question.planHash.slice(0, 12),
  });
  expect(slack.roots[0]?.text).toContain('waiting for an answer');
  await stage.approve(handle);
  await eventually('Slack has it', () => blocksOf(asked()).includes('approved by ada'), 20_000);
  expect(blocksOf(asked())).not.toContain('runbook_approve');
  const report = (await handle.result()) as { run: string };
  await delivered(handle.workflowId, report.run);
  expect(slack.roots).toHaveLength(1);
}, 60_000);

test.each(['hang', 'broken'] as const)(
  'while Slack is away (%s) the run is as quick, its history the same, and all is told later, once',
  async (mood) => {
    const before = await eventsOfARun();
    slack.messages.length = 0;
    slack.mood = mood;
    const handle = await stage.start(stage.put());
    const report = (await handle.result()) as { run: string; outcome: string; startedAt: string; endedAt: string };
    expect(report.outcome).toBe('done');
    expect(Date.parse(report.endedAt) - Date.parse(report.startedAt)).toBeLessThan(5_000);
    expect(await countOf(handle.workflowId, report.run)).toBe(before);
    await eventually('Slack has it', () => slack.calls.length > 0, 20_000);
    slack.mood = 'well';
    await delivered(handle.workflowId, report.run);
    expect(slack.roots).toHaveLength(1);
    expect(new Set(keys()).size).toBe(keys().length);
  },
  90_000,
);

test('a message whose answer was lost is found and not posted again', async () => {
  slack.mood = 'lose';
  const handle = await stage.start(stage.put());
  const report = (await handle.result()) as { run: string };
  // Each call arrives and its answer is lost, until two messages have arrived.
  await eventually('Slack has it', () => slack.messages.length > 0, 20_000);
  slack.mood = 'well';
  await delivered(handle.workflowId, report.run);
  expect(slack.roots).toHaveLength(1);
  expect(new Set(keys()).size).toBe(keys().length);
  expect(slack.calls).toContain('conversations.history');
}, 60_000);

test('a rate limit is honoured: nothing is lost, nothing comes twice', async () => {
  slack.mood = 'limit';
  const runs = await Promise.all(
    [1, 2].map(async () => {
      const handle = await stage.start(stage.put());
      return { id: handle.workflowId, run: ((await handle.result()) as { run: string }).run };
    }),
  );
  await Promise.all(runs.map(({ id, run }) => delivered(id, run)));
  expect(slack.refusals).toContain('ratelimited');
  expect(slack.roots).toHaveLength(2);
  for (const root of slack.roots) expect(slack.thread(root).length).toBeGreaterThan(3);
  const all = slack.messages.map(({ metadata }) => JSON.stringify(metadata));
  expect(new Set(all).size).toBe(all.length);
}, 110_000);

test('a run that fails calls the people of the policy', async () => {
  const dark = { router: 'edge', proved: false, elapsedMs: 9, because: 'no answer.' };
  const routeWrites = () => Promise.resolve({ routers: [dark], provedAt: null, parts: [] } as never);
  const handle = await stage.start(stage.put({ acts: { routeWrites } }));
  const { run, outcome } = (await handle.result()) as { run: string; outcome: string };
  expect(outcome).toBe('failed');
  await delivered(handle.workflowId, run);
  expect(slack.messages.at(-1)?.text).toMatch(/^<!subteam\^S0DBA> :x:/);
}, 60_000);

test('a dry run is told to nobody', async () => {
  const handle = await stage.start(stage.put(), { dryRun: true });
  const { run } = (await handle.result()) as { run: string };
  expect((await handle.query(storyQuery)).plan).not.toBeNull();
  await expect(stage.client.workflow.getHandle(notifyId(handle.workflowId, run)).describe()).rejects.toThrow(
    /not found/i,
  );
}, 60_000);

const countOf = async (workflowId: string, run: string): Promise<number> =>
  // How workflow tasks are batched differs from run to run; what the run did does not.
  ((await stage.client.workflow.getHandle(workflowId, run).fetchHistory()).events ?? []).filter(
    ({
      workflowTaskScheduledEventAttributes,
      workflowTaskStartedEventAttributes,
      workflowTaskCompletedEventAttributes,
    }) =>
      !workflowTaskScheduledEventAttributes &&
      !workflowTaskStartedEventAttributes &&
      !workflowTaskCompletedEventAttributes,
  ).length;

async function eventsOfARun(): Promise<number> {
  const loud = told;
  told = { people: loud.people, notifications: [], temporal: loud.temporal };
  const handle = await stage.start(stage.put());
  const { run } = (await handle.result()) as { run: string };
  told = loud;
  return countOf(handle.workflowId, run);
}
