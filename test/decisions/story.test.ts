import { pauseAfter } from '../../workflows/decisions/delivery';
import { eventsOf, type Story } from '../../workflows/decisions/story';
import { question } from './question';

const at = (second: number): string => `2026-11-22T03:00:${String(second).padStart(2, '0')}.000Z`;
const step = (second: number, title: string, phase = 'x') => ({
  phase,
  title,
  state: 'done' as const,
  startedAt: at(second),
  durationMs: 500,
  detail: 'well',
  parts: [],
});
const story = (change: Partial<Story> = {}): Story => ({
  runbook: 'emergencyFailover',
  cluster: 'orders',
  workflowId: 'cluster/orders/change',
  run: 'r1',
  startedAt: at(0),
  startedBy: 'watchCluster',
  trigger: 'watcher',
  reason: '',
  headline: 'it has begun',
  phases: [{ name: 'look', headline: 'it has begun', at: at(0) }],
  steps: [step(0, 'Look')],
  plan: null,
  questions: [],
  report: null,
  waits: false,
  paused: false,
  controlled: [],
  brokeOff: null,
  ...change,
});
const ids = (one: Story): string[] => eventsOf(one).map(({ id }) => id);
test('a part is told when the next one begins: until then its steps still change', () => {
  expect(ids(story())).toEqual(['started']);
  const next = { name: 'fence', headline: 'Fencing', at: at(1) };
  expect(ids(story({ phases: [...story().phases, next], steps: [step(0, 'Look'), step(1, 'Fence')] }))).toEqual([
    'started',
    'phase:0',
  ]);
});

test('a step that begins in the same millisecond as its part belongs to that part', () => {
  const phases = [
    ...story().phases,
    { name: 'fence', headline: 'Fencing', at: at(1) },
    { name: 'open', headline: 'Opening', at: at(1) },
  ];
  const events = eventsOf(story({ phases, steps: [step(0, 'Look'), step(1, 'Open')] }));
  expect(events.map(({ id, lines }) => [id, lines.length])).toEqual([
    ['started', 1],
    ['phase:0', 1],
  ]);
});

test('what people did to it is told when it was done, also between two parts', () => {
  const controlled = [
    { at: at(2), text: 'paused by ada: look first' },
    { at: at(4), text: 'resumed by ada' },
  ];
  const phases = [
    ...story().phases,
    { name: 'fence', headline: 'Fencing', at: at(3) },
    { name: 'open', headline: 'Opening', at: at(5) },
  ];
  const told = story({ phases, controlled, steps: [step(0, 'Look'), step(3, 'Fence')] });
  expect(eventsOf(told).map(({ id, title }) => [id, title])).toEqual([
    ['started', 'emergencyFailover of orders has begun'],
    ['phase:0', 'it has begun'],
    ['control:0', 'paused by ada: look first'],
    ['phase:1', 'Fencing'],
    ['control:1', 'resumed by ada'],
  ]);
});

test('what was told once keeps its name, whatever comes behind it', () => {
  const open = story({ questions: [question()] });
  const closed = story({
    questions: [question({ open: false, answers: ['promote db2? (plan abcdef): approved by ana'] })],
  });
  expect(ids(open)).toEqual(['started', 'question:r1#1']);
  expect(ids(closed)).toEqual(['started', 'question:r1#1', 'answered:r1#1']);
  expect(eventsOf(closed).at(-1)?.title).toMatch(/approved by ana$/);
});

test('a reminder is news of its own while the question is open, and says what is missing', () => {
  const given = [{ by: 'ana', door: 'slack' as const, at: at(3), reason: '' }];
  const asked = question({
    needed: 2,
    given,
    reminders: 2,
    remindedAt: at(20),
    asked: ['dba'],
    mayApprove: ['ana', 'bob'],
  });
  const open = eventsOf(story({ questions: [asked] }));
  expect(open.map(({ id }) => id)).toEqual(['started', 'question:r1#1', 'question:r1#1:reminder:2']);
  expect(open.at(-1)).toMatchObject({
    at: at(20),
    title: 'Still open: promote db2?',
    lines: [
      '1 of 2 approvals: ana',
      'asked (dba): ana, bob',
      'reminded 2 times',
      `open until ${at(50)}; silence is a no`,
    ],
  });
  expect(ids(story({ questions: [{ ...asked, open: false, answers: ['no'] }] }))).toEqual([
    'started',
    'question:r1#1',
    'answered:r1#1',
  ]);
});

test('a run that goes on from one before it tells neither the beginning nor the plan again', () => {
  const plan = { hash: 'f'.repeat(64), kind: 'upgrade', summary: 'upgrade', lines: [], risks: [] };
  expect(ids(story({ plan }))).toEqual(expect.arrayContaining(['started', `plan:${'f'.repeat(12)}`]));
  expect(ids(story({ plan, continued: true }))).not.toEqual(expect.arrayContaining(['started']));
  expect(ids(story({ plan, continued: true })).join()).not.toMatch(/plan/);
});

test('a run that was terminated is told as broken off', () => {
  const events = eventsOf(story({ brokeOff: 'somebody terminated it' }));
  expect(events.at(-1)).toMatchObject({
    id: 'ended',
    title: 'emergencyFailover of orders broke off: somebody terminated it',
  });
});

test('pauses grow to five minutes, and are never shorter than the channel asks for', () => {
  expect([1, 2, 3, 9, 10, 50].map((failures) => pauseAfter(failures, null))).toEqual([1, 2, 4, 256, 300, 300]);
  expect(pauseAfter(1, 30)).toBe(30);
  expect(pauseAfter(50, 900)).toBe(900);
});
