import { parseInventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { seenRecently } from '../../activities/notify/slack/signature';
import { slackInteractions, type SlackDeps } from '../../workers/slack';
import { openSlackSocket, type SlackSocket } from '../../workers/slack-socket';
import { SlackStandIn } from '../support/slack/stand-in';
import { eventually } from '../support/wait';
import { ANYBODY, type ApprovalPolicy } from '../../workflows/decisions/approvals';
import { type RunbookReport } from '../../workflows/decisions/report';
import { type Person } from '../../workflows/decisions/people';
import { policy, Stage } from './stage';
import { type Told } from './temporal';

/** A person presses a button: by a signed request, as the gateway passes it on, and by Socket Mode. */
const stage = new Stage();
const slack = new SlackStandIn();
const ANA = { id: 'U0ANA', name: 'ana' };
const problems: unknown[] = [];
let people: readonly Person[];
let deps: SlackDeps;

beforeAll(async () => {
  await slack.start();
  Object.assign(process.env, {
    TEST_SLACK_TOKEN: slack.token,
    TEST_SLACK_SIGNING: slack.signingSecret,
    TEST_SLACK_APP: slack.appToken,
  });
  const told: Told = parseInventory(
    `
clusters:
  orders:
    durability: semi-sync
    instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]
    accounts: { admin: { user: r, password: { env: X } }, replication: { user: r, password: { env: X } } }
people:
  - { name: ana@example.com, roles: [operator, approver], group: dba, slack: U0ANA }
  - { name: bob@example.com, roles: [viewer], slack: U0BOB }
  - { name: cem@example.com, roles: [approver, breaker], group: managers, slack: U0CEM }
slack: { token: { env: TEST_SLACK_TOKEN }, channel: C0RUNBOOKS, apiUrl: "${slack.url}", signingSecret: { env: TEST_SLACK_SIGNING }, appToken: { env: TEST_SLACK_APP } }
`,
    'fleet.yaml',
  );
  ({ people } = told);
  await stage.open(() => told);
  deps = {
    client: stage.client,
    inventory: () => Promise.resolve(told),
    secret: (reference) => resolveSecret(reference, '/'),
    onFailure: (error) => problems.push(error),
  };
});
afterAll(async () => {
  await stage.close();
  await slack.stop();
  expect(problems).toEqual([]);
});
beforeEach(() => {
  slack.messages.length = 0;
  slack.whispers.length = 0;
});

async function asked(approvals: Partial<ApprovalPolicy> = {}, minutes = 10) {
  const asking = policy(
    { mode: 'approve', approvalMinutes: minutes },
    { approvals: { ...ANYBODY, people, ...approvals } },
  );
  const handle = await stage.start(stage.put({ cluster: asking }), { requestedBy: 'watchCluster' });
  const { id } = await stage.question(handle);
  const message = await eventually('the question is in the channel', () =>
    slack.messages.find(({ metadata }) => JSON.stringify(metadata).includes(`question:${id}`)),
  );
  return { handle, message };
}

test('approve: the run goes on, and the message shows who answered, without buttons', async () => {
  const { handle, message } = await asked();
  const answer = slackInteractions(deps, seenRecently());
  expect(await answer(slack.press(message, 'runbook_approve', ANA))).toEqual({ status: 200, body: '' });
  expect(await handle.result()).toMatchObject({
    outcome: 'done',
    // Known by Slack, not by their own word.
    approvals: [expect.stringMatching(/approved by ana@example.com \(slack, 20/)] as string[],
  });
  await eventually('the message shows it', () =>
    JSON.stringify(message.attachments).includes('approved by ana@example.com'),
  );
  expect(JSON.stringify(message.attachments)).not.toContain('runbook_approve');
  expect(slack.whispers).toEqual([]);
}, 60_000);

test('a request that is wrong, old or replayed is refused, and nobody has voted', async () => {
  const { handle, message } = await asked();
  const answer = slackInteractions(deps, seenRecently());
  const press = slack.press(message, 'runbook_approve', ANA);
  const wrong = await answer({ ...press, rawBody: press.rawBody.replace('runbook_approve', 'runbook_reject') });
  const old = await answer(slack.press(message, 'runbook_approve', ANA, Date.now() - 301_000));
  const unsigned = await answer({ ...press, signature: undefined });
  expect([wrong, old, unsigned]).toEqual(
    ['wrong', 'old', 'unsigned'].map((how) => ({ status: 401, body: `the signature is ${how}` })),
  );
  expect((await stage.question(handle)).planHash).toBeDefined();
  const reject = slack.press(message, 'runbook_reject', ANA);
  expect((await answer(reject)).status).toBe(200);
  expect(await answer(reject)).toEqual({ status: 401, body: 'the signature is replayed' });
  expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
}, 60_000);

test('who may not answer is told why, alone; a late press is answered politely', async () => {
  const { handle, message } = await asked();
  const answer = slackInteractions(deps, seenRecently());
  await answer(slack.press(message, 'runbook_approve', { id: 'U0EVE', name: 'ana' }));
  await answer(slack.press(message, 'runbook_approve', { id: 'U0BOB', name: 'bob' }));
  expect(slack.whispers).toEqual([
    expect.objectContaining({ user: 'U0EVE', text: expect.stringContaining('not known here') as string }),
    expect.objectContaining({
      user: 'U0BOB',
      text: expect.stringContaining('may not do this; ana@example.com, cem@example.com may') as string,
    }),
  ]);
  const late = slack.press(message, 'runbook_reject', { id: 'U0ANA', name: 'ana' });
  await answer(slack.press(message, 'runbook_approve', ANA));
  await handle.result();
  await answer(late);
  expect(slack.whispers.at(-1)).toMatchObject({
    user: 'U0ANA',
    text: expect.stringMatching(/ended|settled/) as string,
  });
}, 60_000);

test('two must agree: the message shows the first yes and keeps its buttons; the second lets the run go on', async () => {
  const { handle, message } = await asked({ needed: 2 });
  const answer = slackInteractions(deps, seenRecently());
  await answer(slack.press(message, 'runbook_approve', ANA));
  const shows = (words: string) => JSON.stringify(message.attachments).includes(words);
  await eventually('the message shows the first yes', () => shows('1 of 2 approvals: ana@example.com'));
  expect(shows('runbook_approve')).toBe(true);
  // A second later: within one second the two requests are the same to the letter, and a replay.
  await answer(slack.press(message, 'runbook_approve', ANA, Date.now() + 1_000));
  expect(slack.whispers.at(-1)?.text).toMatch(/^ana@example.com has approved already/);
  await answer(slack.press(message, 'runbook_approve', { id: 'U0CEM', name: 'cem' }));
  const { approvals } = (await handle.result()) as RunbookReport;
  expect(approvals[0]).toMatch(/approved by ana@example.com \(slack, .*, cem@example.com \(slack, /);
  await eventually('the buttons are gone', () => !shows('runbook_approve'));
}, 60_000);

test('when the next group is asked, a reminder calls who is asked; an old button answers nothing of another question', async () => {
  const { handle, message } = await asked({ groups: ['dba', 'managers'], escalateMinutes: 3 / 60 });
  expect(message.text).toMatch(/^<!here> <@U0ANA> /);
  const again = await eventually('the reminder is in the channel', () =>
    slack.messages.find(({ text }) => text.includes('Still open')),
  );
  expect(again).toMatchObject({ text: expect.stringContaining('<@U0ANA> <@U0CEM> ') as string, broadcast: true });
  await eventually('the message says who is asked now', () =>
    JSON.stringify(message.attachments).includes('asked (dba, managers): ana@example.com, cem@example.com'),
  );
  const answer = slackInteractions(deps, seenRecently());
  const other = structuredClone(message);
  other.attachments = JSON.parse(JSON.stringify(other.attachments).replaceAll(/#1(?=\\+")/g, '#9')) as never;
  await answer(slack.press(other, 'runbook_reject', ANA));
  expect(slack.whispers.at(-1)?.text).toMatch(/earlier question/);
  await answer(slack.press(message, 'runbook_reject', { id: 'U0CEM', name: 'cem' }));
  expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
}, 60_000);

test('by Socket Mode: nothing comes in, the press is acknowledged and counts', async () => {
  const socket = (await openSlackSocket(deps)) as SlackSocket;
  try {
    await eventually('connected', () => slack.connections > 0);
    const { handle, message } = await asked();
    const envelope = slack.pressBySocket(message, 'runbook_approve', ANA);
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    expect(slack.acknowledged).toContain(envelope);
  } finally {
    await socket.close();
  }
}, 60_000);

test('where no signing secret is known, no press is taken', async () => {
  const bare = slackInteractions({ ...deps, inventory: () => Promise.resolve({ people: [] }) }, seenRecently());
  expect(await bare({ rawBody: '', timestamp: '1', signature: 'v0=' })).toMatchObject({ status: 404 });
});
