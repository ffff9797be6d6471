import { type SlackOrder, slackThread } from '../../../activities/notify/slack/thread';
import { type Told, UNTOLD } from '../../../workflows/decisions/delivery';
import { type RunbookReport } from '../../../workflows/decisions/report';
import { type Story } from '../../../workflows/decisions/story';
import { aRun, reportOf } from '../../decisions/timeline';
import { SlackStandIn } from '../../support/slack/stand-in';

/** The timeline as a picture in the thread of a run that has ended: a local Slack, no run. */
const slack = new SlackStandIn();
const warned: string[] = [];
let order: SlackOrder;

beforeAll(async () => {
  await slack.start();
  order = {
    settings: {
      token: { env: 'X' },
      channel: 'C0RUNBOOKS',
      channels: {},
      apiUrl: slack.url,
      mentions: { started: [], question: [], failed: [] },
    },
    token: slack.token,
    people: [],
    link: null,
    warn: (sentence) => warned.push(sentence),
  };
});
afterAll(() => slack.stop());
beforeEach(() => {
  slack.mood = 'well';
  slack.scopes = new Set(['chat:write', 'channels:history', 'files:write']);
  slack.messages.length = 0;
  slack.files.shared.length = 0;
  slack.calls.length = 0;
  warned.length = 0;
});

let runs = 0;
const story = (): Story & { report: RunbookReport } => {
  const report = reportOf({ run: `r${(runs += 1)}`, startedAt: new Date().toISOString() });
  return { ...aRun, ...report, workflowId: 'cluster/orders/change', report };
};
async function tell(told: Story, before: Told = UNTOLD): Promise<{ told: Told; kept: Told[]; trouble: unknown }> {
  const kept: Told[] = [];
  const said = await slackThread(order).tell(told, before, (one) => kept.push(one));
  return { ...said, kept };
}
const pictures = (): string[] => slack.calls.filter((call) => call === 'files.completeUploadExternal');

test('the end of a run comes with one picture, a PNG as wide as a phone is fine, in its thread', async () => {
  const ended = story();
  const { told, trouble } = await tell(ended);
  expect(trouble).toBeNull();
  expect(slack.files.shared).toHaveLength(1);
  const [{ bytes, thread, name, title }] = slack.files.shared as [(typeof slack.files.shared)[0]];
  expect([thread, name, title]).toEqual([
    slack.roots[0]?.ts,
    `timeline-orders-${ended.run}.png`,
    'emergencyFailover of orders: timeline',
  ]);
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.readUInt32BE(16)).toBe(1_080);
  // Told again, as after news that changes nothing.
  await tell(ended, told);
  expect(slack.files.shared).toHaveLength(1);
  expect([warned, slack.refusals]).toEqual([[], []]);
}, 60_000);

test('a worker that died before its note was heard: the picture that is there is seen, and not posted again', async () => {
  const ended = story();
  const { kept } = await tell(ended);
  const beforePicture = kept.filter(({ marks }) => marks['picture'] === undefined).at(-1)!;
  expect(beforePicture.ids).toContain('ended');
  await tell(ended, { ...beforePicture, unsure: true });
  expect(pictures()).toHaveLength(1);
  // It cannot be looked for: once at most.
  slack.scopes.delete('channels:history');
  await tell(ended, { ...beforePicture, unsure: true });
  expect(pictures()).toHaveLength(1);
  // Died before the upload: the picture is made up for.
  slack.scopes.add('channels:history');
  slack.files.shared.length = 0;
  await tell(ended, { ...beforePicture, unsure: true });
  expect(slack.files.shared).toHaveLength(1);
}, 60_000);

test('without the scope the text stands alone, and the log says why, once', async () => {
  slack.scopes.delete('files:write');
  const ended = story();
  const { told, trouble } = await tell(ended);
  await tell(ended, told);
  expect(trouble).toBeNull();
  expect(told.ids).toContain('ended');
  expect(warned).toEqual([
    'the timeline picture is not in Slack, its text is: Slack refused the picture: missing_scope; give the app the scopes of docs/notifications.md and install it again',
  ]);
  expect(slack.messages.map(({ thread }) => thread === null)).toContain(false);
  slack.refusals.length = 0;
}, 60_000);

test.each(['lose', 'broken', 'refuse', 'hang'] as const)(
  'an upload whose calls go wrong (%s) is tried once and holds nothing up',
  async (mood) => {
    const ended = story();
    const { kept } = await tell(ended);
    slack.files.shared.length = 0;
    slack.calls.length = 0;
    slack.mood = mood;
    const beforePicture = kept.filter(({ marks }) => marks['picture'] === undefined).at(-1)!;
    const { told, trouble } = await tell(ended, beforePicture);
    expect([trouble, told.marks['picture'], warned.length]).toEqual([null, 'tried', 1]);
    slack.mood = 'well';
    await tell(ended, told);
    expect(slack.calls).toEqual(['files.getUploadURLExternal']);
  },
  60_000,
);
