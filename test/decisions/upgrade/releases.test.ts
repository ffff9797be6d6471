import { releaseNumber, stepThatMeets, tellPath, upgradePath } from '../../../workflows/decisions/upgrade/releases';

const path = (...parameters: Parameters<typeof upgradePath>) => {
  const verdict = upgradePath(...parameters);
  return verdict.possible ? tellPath(verdict.path) : verdict.because;
};

test('only supported steps: 5.7 goes to 9.7 by 8.0 and 8.4', () => {
  expect(path('5.7', '9.7')).toBe('5.7 → 8.0 → 8.4 → 9.7');
  expect(path('8.0', '8.4')).toBe('8.0 → 8.4');
  expect(path('8.0', '8.0')).toBe('8.0');
});

test('a reason makes it one step, and is kept; one step is never forced', () => {
  const verdict = upgradePath('5.7', '8.4', 'a dump is loaded');
  expect(verdict).toEqual({ possible: true, path: { through: ['5.7', '8.4'], forced: 'a dump is loaded' } });
  expect(upgradePath('8.0', '8.4', 'no need')).toMatchObject({ path: { forced: null } });
});

test('there is no way to an older release', () => {
  expect(path('8.4', '8.0')).toMatch(/no MySQL server takes over the data of a newer series/);
});

test.each([
  ['5.7.22-log', 50_722],
  ['8.0.34', 80_034],
  ['9.7.4-2', 90_704],
])('%s sorts as %d', (version, number) => expect(releaseNumber(version)).toBe(number));

test.each([
  ['5.7.44', 80_000, '5.7 → 8.0'],
  ['5.7.44', 80_031, '5.7 → 8.0'],
  ['5.7.44', 80_300, '8.0 → 8.4'],
  ['5.7.44', 90_500, '8.4 → 9.7'],
  ['5.7.44', 100_000, null],
])('%s meets a change of %d in the step %s', (version, since, step) => {
  expect(stepThatMeets({ through: ['5.7', '8.0', '8.4', '9.7'], forced: null }, version, since)).toBe(step);
});

test('what a server has behind itself is not met again, and within a series the step is the series', () => {
  const within = { through: ['8.0'], forced: null } as const;
  expect(stepThatMeets(within, '8.0.34', 80_013)).toBeNull();
  expect(stepThatMeets(within, '8.0.12', 80_013)).toBe('8.0');
});

test('what was taken back is met only where the path stops in between', () => {
  expect(stepThatMeets({ through: ['8.0', '8.4', '9.7'], forced: null }, '8.0.34', 80_400, 90_700)).toBe('8.0 → 8.4');
  expect(stepThatMeets({ through: ['8.0', '9.7'], forced: 'x' }, '8.0.34', 80_400, 90_700)).toBeNull();
});
