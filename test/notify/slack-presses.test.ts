import { interactionIn, readPress, presserOf } from '../../activities/notify/slack/press';
import { seenRecently, verifySlackRequest } from '../../activities/notify/slack/signature';

// The example of Slack's own documentation, "Verifying requests from Slack".
const EXAMPLE = {
  secret: '8f742231b10e8888abcd99yyyzzz85a5',
  timestamp: '1531420618',
  rawBody:
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
};
const NOW = 1531420618_000;
const verify = (change: Partial<typeof EXAMPLE> & { nowMs?: number } = {}, seen = seenRecently()) => {
  const { secret, nowMs, ...request } = { ...EXAMPLE, nowMs: NOW, ...change };
  return verifySlackRequest(request, { secret, nowMs, seen });
};

test("Slack's own example is good", () => expect(verify()).toBe('good'));
test.each([
  ['another secret', { secret: 'x' }],
  ['a changed body', { rawBody: `${EXAMPLE.rawBody}x` }],
  ['a signature of another length', { signature: 'v0=a2' }],
  ['an empty signature', { signature: '' }],
])('%s is wrong', (_, change) => expect(verify(change)).toBe('wrong'));
test('another time stamp than the signed one is wrong', () =>
  expect(verify({ timestamp: '1531420619' })).toBe('wrong'));
test.each([301, -301])('%d s away is old, before the signature is even looked at', (seconds) =>
  expect(verify({ nowMs: NOW + seconds * 1000, signature: 'v0=00' })).toBe('old'),
);
test('without signature or time stamp, or with one that is no number, it is unsigned', () => {
  const request = { rawBody: 'x', timestamp: undefined, signature: undefined };
  expect(verifySlackRequest(request, { secret: 'x', nowMs: NOW, seen: seenRecently() })).toBe('unsigned');
  expect(verify({ timestamp: '1531420618.0' })).toBe('unsigned');
});
test('the same request a second time is a replay; a wrong one does not use the right one up', () => {
  const seen = seenRecently();
  expect(verify({ secret: 'x' }, seen)).toBe('wrong');
  expect(verify({}, seen)).toBe('good');
  expect(verify({ nowMs: NOW + 299_000 }, seen)).toBe('replayed');
});

const pressed = (value: string, action = 'runbook_approve') => ({
  type: 'block_actions',
  user: { id: 'U0ANA', username: 'ana' },
  container: { channel_id: 'C0', message_ts: '1.2' },
  actions: [{ action_id: action, value }],
});
const VALUE = JSON.stringify({ workflowId: 'cluster/orders/change', run: 'r1', question: 'q', plan: 'abcdef012345' });

test('a press names the run, the question, the plan and who pressed', () => {
  expect(readPress(pressed(VALUE, 'runbook_reject'))).toMatchObject({
    verdict: 'reject',
    workflowId: 'cluster/orders/change',
    run: 'r1',
    plan: 'abcdef012345',
    slackUser: 'U0ANA',
  });
});
test.each([
  ['another action', pressed(VALUE, 'other_app')],
  ['a value that is no JSON', pressed('x')],
  ['a value without a plan', pressed(JSON.stringify({ workflowId: 'w', run: 'r', question: 'q' }))],
  ['a plan too short to bind', pressed(VALUE.replace('abcdef012345', 'ab'))],
  ['another interaction', { type: 'view_submission' }],
  ['nothing', null],
])('%s is no press', (_, interaction) => expect(readPress(interaction)).toBeNull());
test('a press that calls a run off names the run and nothing else', () => {
  const value = JSON.stringify({ workflowId: 'cluster/orders/drill', run: 'r1' });
  expect(readPress(pressed(value, 'runbook_call_off'))).toEqual({
    verdict: 'call off',
    ...{
      workflowId: 'cluster/orders/drill',
      run: 'r1',
      slackUser: 'U0ANA',
      slackName: 'ana',
      channel: 'C0',
      message: '1.2',
    },
  });
  expect(readPress(pressed('{}', 'runbook_call_off'))).toBeNull();
});
test('a body without a payload holds nothing', () => {
  expect(interactionIn('a=b')).toBeNull();
  expect(interactionIn('payload=%7B')).toBeNull();
});

const press = readPress(pressed(VALUE))!;
test('who presses is known by the Slack user id, never by the shown name', () => {
  const ana = { name: 'ana@example.com', roles: ['approver' as const], slack: 'U0ANA' };
  expect(presserOf(press, [ana])).toEqual({ by: 'ana@example.com' });
  expect(presserOf(press, [{ ...ana, name: 'ana', slack: 'U0BOB' }])).toEqual({
    refused: expect.stringContaining('slack: U0ANA') as string,
  });
  expect(presserOf(press, [])).toEqual({ by: 'ana (Slack U0ANA)' });
});
