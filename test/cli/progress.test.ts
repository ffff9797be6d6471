import { Writable } from 'node:stream';
import { clip, displayFor, duration, renderProgress } from '../../cli/progress';
import { type Question, type RunProgress } from '../../workflows/messages';
import { type StepRecord } from '../../workflows/decisions/report';

const step = (title: string, state: StepRecord['state'], durationMs: number | null): StepRecord => ({
  phase: 'look',
  title,
  state,
  startedAt: '2026-01-01T03:00:00.000Z',
  durationMs,
  detail: state === 'done' ? 'as planned' : '',
  parts: [],
});

const progress = (changes: Partial<RunProgress>): RunProgress => ({
  runbook: 'emergencyFailover',
  cluster: 'orders',
  phase: 'fence',
  headline: 'db1 is dead',
  steps: [],
  question: null,
  plan: null,
  paused: null,
  outcome: null,
  ...changes,
});

const QUESTION: Question = {
  id: '1',
  text: 'Fail over to db2?',
  because: ['db1 is dead', 'db2 holds everything'],
  planHash: 'abcdef1234567890',
  askedAt: '2026-01-01T03:00:01.000Z',
  expiresAt: '2026-01-01T03:30:00.000Z',
  silence: 'silence is a no',
  shown: { what: ['fence db1'], evidence: ['db2 lost its source'], mayBeLost: '0, proven', takes: 'about a second' },
  needed: 2,
  given: [{ by: 'ana', door: 'slack', at: '2026-01-01T03:01:00.000Z', reason: '' }],
  asked: ['dba'],
  mayApprove: ['ana', 'bob'],
  reminders: 0,
  requestedBy: 'dan',
  twoPersons: true,
  people: [],
};

test('a page shows the headline, each step with its time, and the time of the running one so far', () => {
  const steps = [step('Look', 'done', 32), step('Fence', 'running', null)];
  const now = Date.parse('2026-01-01T03:00:01.500Z');
  expect(plain(renderProgress(progress({ steps }), 'cluster/orders/change', now))).toEqual([
    'emergencyFailover of orders: fence',
    'db1 is dead',
    '',
    '  ✔    32 ms  Look  as planned',
    '  ▸    1.5 s  Fence',
  ]);
});

test('an open question stands last, with the words that answer it bound to the plan', () => {
  const page = plain(renderProgress(progress({ question: QUESTION }), 'cluster/orders/change'));
  expect(page.slice(-13)).toEqual([
    '? Fail over to db2?',
    '    db1 is dead',
    '    db2 holds everything',
    '    will: fence db1',
    '    evidence: db2 lost its source',
    '    may be lost: 0, proven',
    '    takes: about a second',
    '    1 of 2 approvals: ana',
    '    asked (dba): ana, bob',
    '    dan started it and does not count',
    '    open until 2026-01-01T03:30:00.000Z; silence is a no',
    '    runbook approve cluster/orders/change --plan abcdef12',
    '    runbook reject cluster/orders/change --reason "…"',
  ]);
});

test('a pause says who, until when, and how to go on', () => {
  const paused = { by: 'ana', reason: 'look first', since: '2026-01-01T03:00:00Z', until: '2026-01-01T03:30:00Z' };
  expect(plain(renderProgress(progress({ paused }), 'orders')).slice(-2)).toEqual([
    '‖ paused by ana until 2026-01-01T03:30:00Z: look first',
    '    runbook resume orders',
  ]);
});

test('a question that the run outlived is not shown as open', () => {
  expect(renderProgress(progress({ question: QUESTION, outcome: 'rejected' }), 'x').join('\n')).not.toContain(
    'approve',
  );
});

test('where the output is no terminal, each step and each question is printed once', () => {
  const { stream, written } = output({ isTTY: false });
  const display = displayFor(stream, 'cluster/orders/change');
  const done = step('Look', 'done', 32);
  display.show(progress({ steps: [step('Look', 'running', null)] }));
  display.show(progress({ steps: [done] }));
  display.show(progress({ steps: [done, step('Fence', 'failed', 5)], question: QUESTION }));
  display.show(progress({ steps: [done, step('Fence', 'failed', 5)], question: QUESTION }));
  const lines = plain(written().split('\n'));
  expect(lines.filter((line) => line.includes('Look'))).toEqual(['  ✔    32 ms  Look  as planned']);
  expect(lines.filter((line) => line.includes('Fence'))).toEqual(['  ✘     5 ms  Fence']);
  expect(lines.filter((line) => line.includes('--plan abcdef12'))).toHaveLength(1);
});

test('on a terminal the page is drawn over itself, and never wraps or outgrows the screen', () => {
  const { stream, written } = output({ isTTY: true, columns: 20, rows: 4 });
  const display = displayFor(stream, 'x');
  display.show(progress({ steps: [step('A title that is longer than the screen is wide', 'done', 1)] }));
  const first = written();
  expect(first.split('\n')).toHaveLength(3 + 1);
  expect(plain(first.split('\n')).every((line) => line.length <= 20)).toBe(true);
  display.show(progress({ outcome: 'done' }));
  expect(written().slice(first.length).startsWith('\u001b[3A\u001b[J')).toBe(true);
});

test('a line is cut by what is seen, and its colours are closed', () => {
  expect(clip('\u001b[31mred words\u001b[39m', 3)).toBe('\u001b[31mred\u001b[39m');
  expect(clip('short', 80)).toBe('short');
});

test.each([
  [0.4, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [90_000, '1.5 min'],
  [5_400_000, '1.5 h'],
])('%d ms is written %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

function output(facts: { isTTY: boolean; columns?: number; rows?: number }) {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { stream: Object.assign(stream, facts) as unknown as NodeJS.WriteStream, written: () => chunks.join('') };
}

const plain = (lines: readonly string[]): string[] =>
  lines.map((line) => line.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, ''));
