import { type CopiedChanges, judgeReplay } from '../../workflows/decisions/replay';
import { uuidOf } from './members';

const extra = `${uuidOf('db1')}:101-103`;
const copied = (change: Partial<CopiedChanges>): CopiedChanges => ({
  transactions: 3,
  rows: [],
  others: [],
  ...change,
});
const since = (change: Partial<CopiedChanges> = {}) => ({ wanted: 3, changes: copied(change) });
const rows = (verb: 'INSERT' | 'UPDATE' | 'DELETE', table = 'shop.orders') => ({ verb, table, rows: 2 });

test.each<[string, Partial<CopiedChanges>, RegExp]>([
  ['rows that were only added', { rows: [rows('INSERT')] }, /^they only add rows \(2 × INSERT shop.orders\)/],
  [
    'the heartbeat row that only its own server writes',
    { rows: [rows('UPDATE', 'runbooks.heartbeat')] },
    /^they only add/,
  ],
])('%s can be taken over', (_, change, words) => {
  const verdict = judgeReplay(extra, copied(change), 'runbooks', since());
  expect(verdict.possible).toBe(true);
  expect(verdict.because).toMatch(words);
});

test.each<[string, Partial<CopiedChanges>, RegExp]>([
  [
    'an UPDATE',
    { rows: [rows('INSERT'), rows('UPDATE')] },
    /change or delete rows \(2 × UPDATE shop.orders\).*without noticing/,
  ],
  ['a DELETE', { rows: [rows('DELETE')] }, /2 × DELETE shop.orders/],
  ['a heartbeat table of somebody else', { rows: [rows('UPDATE', 'shop.heartbeat')] }, /UPDATE shop.heartbeat/],
  ['DDL', { others: ['statement ALTER TABLE'] }, /not only rows \(statement ALTER TABLE\)/],
  ['a binary log that is gone', { transactions: 2, rows: [rows('INSERT')] }, /the copy holds 2 of 3 transactions/],
])('%s cannot', (_, change, words) => {
  const verdict = judgeReplay(extra, copied(change), 'runbooks', since());
  expect(verdict.possible).toBe(false);
  expect(verdict.because).toMatch(words);
});

test.each<[string, Partial<CopiedChanges>, boolean]>([
  ['rows of every kind', { rows: [rows('UPDATE'), rows('DELETE')] }, true],
  ['events that were enabled when it was opened', { others: ['statement ALTER EVENT'] }, true],
  ['a TRUNCATE', { others: ['statement TRUNCATE TABLE'] }, false],
  ['an ALTER TABLE', { others: ['statement ALTER TABLE'] }, false],
  ['a statement that was logged as text', { others: ['statement DELETE FROM'] }, false],
  ['binary logs that are gone', { transactions: 1 }, false],
])('the primary has done since: %s', (_, change, possible) => {
  expect(judgeReplay(extra, copied({ rows: [rows('INSERT')] }), 'runbooks', since(change)).possible).toBe(possible);
});
