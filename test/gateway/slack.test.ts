import { parseInventory } from '../../activities/inventory/inventory';
import { ANYBODY } from '../../workflows/decisions/approvals';
import { type Person } from '../../workflows/decisions/people';
import { type DoorEvent } from '../../workers/audit';
import { SlackStandIn } from '../support/slack/stand-in';
import { eventually } from '../support/wait';
import { policy, Stage } from '../workflows/stage';
import { type Told } from '../workflows/temporal';
import { inventoryOf, type OneGateway, startGateway } from './one-gateway';

/** A person presses a button in the local Slack, and Slack sends it to the gateway, signed. */
const stage = new Stage();
const slack = new SlackStandIn();
const audited: DoorEvent[] = [];
const CEM = { id: 'U0CEM', name: 'cem' };
let people: readonly Person[];
let gateway: OneGateway;

beforeAll(async () => {
  await slack.start();
  Object.assign(process.env, { TEST_SLACK_TOKEN: slack.token });
  const text = inventoryOf(['orders'])
    .replace('people:', 'people:\n  - { name: cem@example.com, roles: [approver], slack: U0CEM }')
    .replace(
      'gateway:',
      `slack: { token: { env: SLACK }, channel: C0RUNBOOKS, apiUrl: "${slack.url}", signingSecret: { env: SIGNING } }\ngateway:`,
    );
  const inventory = parseInventory(text, 'fleet.yaml');
  ({ people } = inventory);
  // The worker reads its token from the environment, the gateway from where its test keeps secrets.
  const told: Told = { ...inventory, slack: { ...inventory.slack!, token: { env: 'TEST_SLACK_TOKEN' } } };
  await stage.open(() => told);
  gateway = await startGateway(stage.client, () => text, {
    secrets: {
      resolve: (reference) =>
        Promise.resolve('env' in reference && reference.env === 'SIGNING' ? slack.signingSecret : slack.token),
      forget: () => undefined,
    },
    audit: (event) => audited.push(event),
  });
});
afterAll(async () => {
  await gateway.stop();
  await stage.close();
  await slack.stop();
});
beforeEach(() => {
  audited.length = 0;
  slack.messages.length = 0;
  slack.whispers.length = 0;
});

async function asked() {
  const cluster = policy({ mode: 'approve' }, { approvals: { ...ANYBODY, people } });
  const handle = await stage.start(stage.put({ cluster }), { requestedBy: 'watchCluster' });
  const { id } = await stage.question(handle);
  const message = await eventually('the question is in the channel', () =>
    slack.messages.find(({ metadata }) => JSON.stringify(metadata).includes(`question:${id}`)),
  );
  return { handle, message };
}

const send = ({ rawBody, timestamp, signature }: ReturnType<SlackStandIn['press']>) =>
  gateway.post('/slack/interactions', rawBody, {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': signature,
  });

test('a button that is pressed arrives through the gateway, and the run goes on', async () => {
  const { handle, message } = await asked();
  expect(await send(slack.press(message, 'runbook_approve', CEM))).toMatchObject({ status: 200, text: '' });
  expect(await handle.result()).toMatchObject({
    outcome: 'done',
    approvals: [expect.stringMatching(/approved by cem@example\.com \(slack, /) as string],
  });
  expect(audited).toEqual([
    expect.objectContaining({
      what: 'vote',
      door: 'slack',
      by: 'cem@example.com',
      workflow: handle.workflowId,
      outcome: 'counted',
    }),
  ]);
}, 60_000);

test('a wrong, an old, a missing and a replayed signature are 401, and nothing happens', async () => {
  const { handle, message } = await asked();
  const press = slack.press(message, 'runbook_approve', CEM);
  const refused = [
    { ...press, signature: press.signature.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
    { ...press, rawBody: press.rawBody.replace('runbook_approve', 'runbook_reject') },
    { ...press, signature: '' },
    slack.press(message, 'runbook_approve', CEM, Date.now() - 301_000),
  ];
  for (const one of refused)
    expect(await send(one)).toMatchObject({ status: 401, body: { error: { code: 'NOT_AUTHENTICATED' } } });
  expect(await stage.question(handle)).toMatchObject({ given: [] });
  expect(audited).toEqual([]);

  const reject = slack.press(message, 'runbook_reject', CEM);
  expect((await send(reject)).status).toBe(200);
  expect((await send(reject)).status).toBe(401);
  expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
}, 60_000);

test('a press of somebody who may not is heard, refused to them alone, and stands in the audit log', async () => {
  const { handle, message } = await asked();
  expect((await send(slack.press(message, 'runbook_approve', { id: 'U0EVE', name: 'cem' }))).status).toBe(200);
  expect(slack.whispers).toEqual([
    expect.objectContaining({ user: 'U0EVE', text: expect.stringContaining('not known here') as string }),
  ]);
  expect(audited).toEqual([expect.objectContaining({ by: 'U0EVE', outcome: 'refused' })]);
  expect(await stage.question(handle)).toMatchObject({ given: [] });
  await stage.say(handle, 'reject', { by: 'cem@example.com', reason: 'over' });
  await handle.result();
}, 60_000);

test('where the inventory has no signing secret, there is no such address; other addresses take no form', async () => {
  const bare = await startGateway(stage.client, () => inventoryOf(['orders']));
  try {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await bare.post('/slack/interactions', 'payload=%7B%7D', form)).status).toBe(404);
    expect((await gateway.post('/slack/interactions', '{}')).status).toBe(401);
    expect((await bare.post('/runs/orders/approve', 'a=b', form)).status).toBe(401);
  } finally {
    await bare.stop();
  }
});
