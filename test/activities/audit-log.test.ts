import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuditLog } from '../../activities/audit/log';
import { eventually } from '../support/wait';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
  file = join(folder, 'audit.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = () =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { n: number }).n);
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test('lines are appended in order, also to what another worker wrote and after a rotation', async () => {
  const [one, other] = [openAuditLog({ file, stdout: false }, fail), openAuditLog({ file, stdout: false }, fail)];
  one.write({ kind: 'decision', n: 1 });
  await one.close();
  other.write({ kind: 'decision', n: 2 });
  await other.close();
  expect(read()).toEqual([1, 2]);
  renameSync(file, join(folder, 'audit.1'));
  one.write({ kind: 'decision', n: 3 });
  await one.close();
  expect(read()).toEqual([3]);
});

test('while the disk does not take them lines wait, the newest ten thousand, and nobody waits for them', async () => {
  const said: string[] = [];
  const log = openAuditLog({ file: join(folder, 'later', 'audit.jsonl'), stdout: false }, (words) => said.push(words));
  const since = performance.now();
  for (const n of numbers(0, 10_500)) log.write({ kind: 'statement', n });
  const perLineMicros = ((performance.now() - since) / 10_500) * 1_000;
  await eventually('it says so', () => said[0]?.includes('cannot be written: ENOENT'));
  mkdirSync(join(folder, 'later'));
  await eventually('it is written again', () => said[1]?.includes('500 lines were lost'));
  file = join(folder, 'later', 'audit.jsonl');
  expect(read()).toEqual(numbers(500, 10_500));
  expect(said).toHaveLength(2);
  console.info(`${perLineMicros.toFixed(1)} µs for a line`);
});

const fail = (words: string) => {
  throw new Error(words);
};
