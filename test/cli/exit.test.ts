import { RunbookError } from '../../activities/errors';
import { exitOfCode, exitOfOutcome } from '../../cli/exit';
import { failureOf } from '../../cli/failure';

test.each([
  ['done', 0],
  ['planned', 0],
  ['failed', 1],
  ['refused', 3],
  ['rejected', 4],
  ['stood down', 5],
] as const)('a run that ended "%s" gives exit code %d', (outcome, code) => {
  expect(exitOfOutcome(outcome)).toBe(code);
});

test.each([
  ['INVALID_INPUT', 2],
  ['INVENTORY_INVALID', 2],
  ['UNKNOWN_CLUSTER', 2],
  ['WRITABLE_RIVAL', 3],
  ['CHANGE_IN_PROGRESS', 3],
  ['HOST_UNREACHABLE', 1],
  ['INTERNAL', 1],
] as const)('%s gives exit code %d', (code, exit) => {
  expect(exitOfCode(code)).toBe(exit);
});

test('what nobody foresaw is told in a sentence, without a stack', () => {
  const failure = failureOf(new TypeError('x is not a function\n    at nowhere'));
  expect(failure.text).toMatch(/^runbook: this command failed in an unforeseen way: x is not a function\. Runs .*\.$/);
  expect(failure.exit).toBe(1);
});

test('a list of findings keeps its lines and ends in the cure', () => {
  const error = new RunbookError({
    code: 'INVENTORY_INVALID',
    message: 'two mistakes:\n  a\n  b\n',
    hint: 'Correct them.',
  });
  expect(failureOf(error)).toMatchObject({
    text: 'runbook: two mistakes:\n  a\n  b\nCorrect them.',
    exit: 2,
    value: { error: { code: 'INVENTORY_INVALID', message: 'two mistakes:\n  a\n  b' } },
  });
});
