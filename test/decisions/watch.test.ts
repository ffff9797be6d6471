import { calm, follow, restAfter, shouldStart, type Streak } from '../../workflows/decisions/watch';
import { automatic, commit, deaf, decide, P, seen, sighting } from './facts';
import { primary, silent } from './members';

const replicas = [deaf('db2', { executed: `${P}:1-9` }), deaf('db3', { executed: `${P}:1-9` })];
const dead = decide(automatic(), sighting([silent('db1', 'refused'), ...replicas], { lastSeen: seen('') }));
const doubtful = decide(
  automatic(),
  sighting([silent('db1', 'refused'), ...replicas], { lastSeen: seen(`${P}:1-10`) }),
);
const well = decide(automatic(), sighting([primary('db1')], { probe: commit('committed') }));
const policy = automatic().failover; // hold-down of one second

const after = (...looks: [typeof dead, number][]): Streak =>
  looks.reduce((streak, [decision, at]) => follow(streak, decision, at), calm);

test('one bad look starts nothing, the second does once the hold-down has passed', () => {
  expect(shouldStart(after([dead, 1000]), policy, 0, 1000)).toBe(false);
  const twice = after([dead, 950], [dead, 999]);
  expect(shouldStart(twice, policy, 0, 999)).toBe(false);
  expect(shouldStart(twice, policy, 0, 1000)).toBe(true);
});

test('hold-down counts from the last sign of life, so the diagnosis is not waited for twice', () => {
  expect(shouldStart(after([dead, 5000], [dead, 5030]), policy, 4000, 5030)).toBe(true);
});

test('a primary that still answers (a full disk) is held down from the first look that judged so', () => {
  const streak = after([dead, 5000], [dead, 5500]);
  expect(shouldStart(streak, policy, 5990, 5999)).toBe(false);
  expect(shouldStart(streak, policy, 5990, 6000)).toBe(true);
});

test('a good look in between begins anew', () => {
  const streak = after([dead, 0], [dead, 500], [well, 600], [dead, 700]);
  expect(streak).toEqual({ kind: 'act', looks: 1, sinceMs: 700 });
  expect(shouldStart(streak, policy, 0, 5000)).toBe(false);
});

test('what only a human can confirm is offered when it has lasted', () => {
  const streak = after([doubtful, 1000], [doubtful, 1030]);
  expect(streak.kind).toBe('ask');
  expect(shouldStart(streak, policy, 0, 5999)).toBe(false);
  expect(shouldStart(streak, policy, 0, 6000)).toBe(true);
});

test('nothing to do is never started, however long it lasts', () => {
  expect(shouldStart(after([well, 0], [well, 1], [well, 2]), policy, 0, 1e9)).toBe(false);
});

test.each([
  ['done', 1_000],
  ['stood down', 3_000],
  ['rejected', 60_000],
  ['failed', 60_000],
])('after a run that %s the cluster is left alone for %i ms', (outcome, ms) => {
  expect(restAfter(outcome)).toBe(ms);
});
