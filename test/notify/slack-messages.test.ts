import { replyTo, rootMessage } from '../../activities/notify/slack/messages';
import { cut, escapeText, fitLines } from '../../activities/notify/slack/text';
import { timelineOf } from '../../activities/notify/slack/timeline';
import { eventsOf, type Story } from '../../workflows/decisions/story';
import { question } from '../decisions/question';
import { faultsOf } from '../support/slack/block-kit';

const telling = {
  settings: { mentions: { started: [], question: ['here'], failed: ['S0DBA'] } },
  people: [],
  link: 'https://temporal.example/run',
};
const long = 'a <db1> & "more" `tick` '.repeat(400);
const steps = Array.from({ length: 200 }, (_, index) => ({
  phase: 'x',
  title: `${index} ${long}`,
  state: index % 7 === 0 ? ('failed' as const) : ('done' as const),
  startedAt: new Date(1_700_000_000_000 + index * 10).toISOString(),
  durationMs: index,
  detail: long,
  parts: [],
}));
const many = Array.from({ length: 300 }, () => long);
/** Everything as long as it can get. */
const story = (change: Partial<Story> = {}): Story => ({
  runbook: 'emergencyFailover',
  cluster: 'orders',
  workflowId: 'cluster/orders/change',
  run: 'r1',
  startedAt: steps[0]!.startedAt,
  startedBy: long,
  trigger: 'person',
  reason: long,
  headline: long,
  phases: [
    { name: 'look', headline: long, at: steps[0]!.startedAt },
    { name: 'fence', headline: '', at: steps[100]!.startedAt },
  ],
  steps,
  plan: { hash: 'abcdef0123456789', kind: 'promote', summary: long, lines: many, risks: many },
  questions: [
    question({
      text: long,
      because: many,
      shown: { what: many, evidence: many, mayBeLost: long, takes: long },
      askedAt: steps[9]!.startedAt,
      expiresAt: steps[9]!.startedAt,
      silence: long,
      needed: 300,
      given: many.map((reason, index) => ({ by: `${index} ${long}`, door: 'slack', at: steps[9]!.startedAt, reason })),
      asked: many,
      mayApprove: many,
      reminders: 3,
      remindedAt: steps[9]!.startedAt,
      requestedBy: long,
      twoPersons: true,
    }),
  ],
  report: null,
  waits: false,
  paused: false,
  controlled: [],
  brokeOff: null,
  ...change,
});
const report = {
  outcome: 'failed',
  headline: long,
  endedAt: steps.at(-1)!.startedAt,
  steps,
  left: many,
  rto: null,
  rpo: null,
  oldPrimary: null,
  newPrimary: null,
} as unknown as Story['report'];

test('however long the words, every message is one that Slack takes', () => {
  for (const told of [
    story(),
    story({ questions: [{ ...story().questions[0]!, open: false, answers: many }], report }),
  ]) {
    const messages = [rootMessage(told, telling), ...eventsOf(told).map((event) => replyTo(event, told, telling))];
    expect(messages.length).toBeGreaterThan(3);
    for (const message of messages) expect(faultsOf(message)).toEqual([]);
  }
});

test('a run that waits for its time has a button that calls it off, until it is over', () => {
  const waiting = rootMessage(story({ waits: true }), telling);
  expect(JSON.stringify(waiting.attachments)).toContain('runbook_call_off');
  expect(faultsOf(waiting)).toEqual([]);
  for (const over of [story(), story({ waits: true, brokeOff: 'somebody terminated it' })])
    expect(JSON.stringify(rootMessage(over, telling).attachments)).not.toContain('runbook_call_off');
});

test('empty words make no empty block', () => {
  const bare = story({ headline: '', reason: '', steps: [], plan: null, questions: [] });
  for (const event of eventsOf(bare)) expect(faultsOf(replyTo(event, bare, telling))).toEqual([]);
  expect(faultsOf(rootMessage(bare, telling))).toEqual([]);
});

test('the look tells the state at a glance', () => {
  expect(rootMessage(story({ questions: [], paused: true }), telling).text).toContain('paused');
  const colours = [story(), story({ questions: [] }), story({ report })].map(
    (one) => rootMessage(one, telling).attachments[0]!.color,
  );
  expect(new Set(colours).size).toBe(3);
});

test('an open question tells who has approved, what is missing and when it was reminded; a reminder calls those who are missing', () => {
  const people = [
    { name: 'ana', roles: ['approver' as const], slack: 'U0ANA' },
    { name: 'bob', roles: ['approver' as const], slack: 'U0BOB' },
  ];
  const asked = question({
    needed: 2,
    given: [{ by: 'ana', door: 'slack', at: '2026-11-22T03:00:09.000Z', reason: '' }],
    asked: ['dba'],
    mayApprove: ['ana', 'bob'],
    reminders: 1,
  });
  const told = story({ headline: '', reason: '', plan: null, steps: [], questions: [asked] });
  const [first, again] = eventsOf(told)
    .filter(({ kind }) => kind === 'question')
    .map((event) => replyTo(event, told, { ...telling, people }));
  const words = JSON.stringify(first!.attachments);
  for (const line of ['approved: ana (slack, 2026-11-22T03:00:09.000Z)', '1 of 2 approvals: ana', 'reminded once'])
    expect(words).toContain(line);
  expect(words).toContain('runbook_approve');
  expect(again!.text).toBe('<!here> <@U0BOB> *Still open: promote db2?*');
  expect(JSON.stringify(again!.attachments)).not.toContain('runbook_approve');
});

test('what servers say is never read as a mention or a link', () => {
  const sly = story({ headline: '<!channel> <https://evil|x>', plan: null, questions: [], steps: [] });
  expect(JSON.stringify(rootMessage(sly, telling))).not.toContain('<!channel>');
});

test('text is never cut inside an escaped character, and tells what it leaves out', () => {
  expect(cut(escapeText('aaaa<'), 7)).toBe('aaaa…');
  expect(cut('ab', 2)).toBe('ab');
  expect(fitLines(['one', 'two', 'three'.repeat(10)], 30)).toBe('one\ntwo\n… and 1 more');
});

test('the timeline is drawn to scale, a failed step otherwise', () => {
  const step = (atMs: number, durationMs: number, state: 'done' | 'failed' = 'done') => ({
    ...steps[0]!,
    title: 'x',
    state,
    durationMs,
    startedAt: new Date(atMs).toISOString(),
  });
  expect(timelineOf([step(0, 500), step(500, 500, 'failed')], 1_000)).toBe(
    ['████████████············   500 ms  x', '············░░░░░░░░░░░░   500 ms  x'].join('\n'),
  );
});
