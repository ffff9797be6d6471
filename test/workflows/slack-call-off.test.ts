import { type WorkflowHandle } from '@temporalio/client';
import { parseInventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { seenRecently } from '../../activities/notify/slack/signature';
import { type DoorEvent } from '../../workers/audit';
import { slackInteractions, type SlackDeps } from '../../workers/slack';
import { ANYBODY } from '../../workflows/decisions/approvals';
import { type Person } from '../../workflows/decisions/people';
import { drillId, EMERGENCY_TASK_QUEUE, progressQuery, scheduledId } from '../../workflows/messages';
import { type Kept, SlackStandIn } from '../support/slack/stand-in';
import { eventually } from '../support/wait';
import { drillable } from './drilling';
import { movable } from './moving';
import { type Played, type Scene, Stage, touched } from './stage';
import { type Told } from './temporal';

/** A run that waits for its time is called off by a button in Slack. */
const stage = new Stage();
const slack = new SlackStandIn();
const ANA = { id: 'U0ANA', name: 'ana' };
const audited: DoorEvent[] = [];
let people: readonly Person[];
let answer: ReturnType<typeof slackInteractions>;

beforeAll(async () => {
  await slack.start();
  Object.assign(process.env, { TEST_SLACK_TOKEN: slack.token, TEST_SLACK_SIGNING: slack.signingSecret });
  const told: Told = parseInventory(
    `
clusters:
  orders:
    durability: semi-sync
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: r, password: { env: X } }, replication: { user: r, password: { env: X } } }
people:
  - { name: ana@example.com, roles: [operator], slack: U0ANA }
  - { name: bob@example.com, roles: [viewer], slack: U0BOB }
  - { name: cem@example.com, roles: [approver], slack: U0CEM }
slack: { token: { env: TEST_SLACK_TOKEN }, channel: C0RUNBOOKS, apiUrl: "${slack.url}", signingSecret: { env: TEST_SLACK_SIGNING } }
`,
    'fleet.yaml',
  );
  ({ people } = told);
  await stage.open(() => told);
  const deps: SlackDeps = {
    client: stage.client,
    inventory: () => Promise.resolve(told),
    secret: (reference) => resolveSecret(reference, '/'),
    onFailure: (error) => console.error(error),
    audit: (event) => audited.push(event),
  };
  answer = slackInteractions(deps, seenRecently());
});
afterAll(async () => {
  await stage.close();
  await slack.stop();
});
beforeEach(() => {
  audited.length = 0;
  slack.messages.length = 0;
  slack.whispers.length = 0;
});

const BUTTON = 'runbook_call_off';
const shows = ({ attachments }: Kept, words: string): boolean => JSON.stringify(attachments).includes(words);
const announced = () =>
  eventually('the first message has the button', () => slack.roots.find((message) => shows(message, BUTTON)));

/** A drill that begins so much later than it is announced. */
async function drill(announceSeconds: number): Promise<{ handle: WorkflowHandle; played: Played }> {
  const scene: Partial<Scene> & Required<Pick<Scene, 'acts'>> = drillable();
  const { surveyDrill } = scene.acts;
  scene.acts.surveyDrill = async (order) => {
    const seen = await surveyDrill!(order);
    const cluster = { ...seen.cluster, drill: { ...seen.cluster.drill!, announceSeconds } };
    return { ...seen, cluster: { ...cluster, approvals: { ...ANYBODY, people } } };
  };
  const played = stage.put(scene);
  const handle = await stage.client.workflow.start('failoverDrill', {
    workflowId: drillId(played.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: played.cluster, requestedBy: 'schedule monthly' }],
  });
  return { handle, played };
}

test('a drill is called off by the button of its announcement; the message says who, and the button is gone', async () => {
  const { handle, played } = await drill(3_600);
  const message = await announced();
  expect(shows(message, 'a drill: move the primary')).toBe(true);
  expect(await answer(slack.press(message, BUTTON, ANA))).toEqual({ status: 200, body: '' });
  expect(await handle.result()).toMatchObject({
    outcome: 'rejected',
    headline: 'Called off by ana@example.com: by the button in Slack, nothing was changed',
  });
  expect(touched(played.calls)).toEqual(['surveyDrill']);
  await eventually('the message says who', () => shows(message, 'Called off by ana@example.com'));
  expect(shows(message, BUTTON)).toBe(false);
  expect(slack.whispers).toEqual([]);
  expect(audited).toEqual([
    expect.objectContaining({ what: 'cancel', door: 'slack', by: 'ana@example.com', outcome: 'counted' }),
  ]);
}, 60_000);

test('who may not call it off is told why, alone, and the run waits on', async () => {
  const { handle } = await drill(3_600);
  const message = await announced();
  await answer(slack.press(message, BUTTON, { id: 'U0EVE', name: 'ana' }));
  await answer(slack.press(message, BUTTON, { id: 'U0BOB', name: 'bob' }));
  expect(slack.whispers).toEqual([
    expect.objectContaining({ user: 'U0EVE', text: expect.stringContaining('not known here') as string }),
    expect.objectContaining({
      user: 'U0BOB',
      text: 'bob@example.com may not do this; ana@example.com, cem@example.com may.',
    }),
  ]);
  const forged = slack.press(message, BUTTON, ANA);
  expect(await answer({ ...forged, rawBody: forged.rawBody.replace('U0ANA', 'U0BOB') })).toMatchObject({ status: 401 });
  expect(await handle.query(progressQuery)).toMatchObject({ phase: 'announce', outcome: null });
  expect(shows(message, BUTTON)).toBe(true);
  expect(audited.map(({ by, outcome }) => [by, outcome])).toEqual([
    ['U0EVE', 'refused'],
    ['bob@example.com', 'refused'],
  ]);
  await stage.say(handle, 'cancel', { by: 'ana@example.com' });
  await handle.result();
}, 60_000);

test('when a drill begins the button goes, and a late press is told that it is too late', async () => {
  const { handle } = await drill(12);
  const message = await announced();
  const late = slack.press(message, BUTTON, ANA);
  await eventually('the button is gone', () => !shows(message, BUTTON), 30_000);
  await answer(late);
  expect(slack.whispers).toEqual([
    expect.objectContaining({ user: 'U0ANA', text: expect.stringMatching(/^It has begun|has ended/) as string }),
  ]);
  expect(await handle.result()).toMatchObject({ outcome: 'done' });
}, 60_000);

test('a switchover for later is called off alike', async () => {
  const scene = movable();
  const played = stage.put({
    ...scene,
    cluster: { ...scene.cluster!, approvals: { ...ANYBODY, people } },
  });
  const handle = await stage.client.workflow.start('plannedSwitchover', {
    workflowId: scheduledId(played.cluster),
    taskQueue: EMERGENCY_TASK_QUEUE,
    args: [{ cluster: played.cluster, to: 'db2', at: new Date(Date.now() + 3_600_000).toISOString() }],
  });
  const message = await announced();
  await answer(slack.press(message, BUTTON, ANA));
  expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
  await eventually('the button is gone', () => !shows(message, BUTTON));
  expect(touched(played.calls)).toEqual([]);
}, 60_000);
