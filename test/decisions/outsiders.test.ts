import { outsiders } from '../../workflows/decisions/outsiders';
import { A, P } from './facts';
import { executed, primary, replica, silent, snapshotOf, uuidOf } from './members';

const epoch = (n: number, of: string) => ({ epoch: { epoch: n, primaryUuid: uuidOf(of), run: `r${n}` } });
const opened = primary('db2', { ...epoch(5, 'db2'), ...executed(`${P}:1-100,${A}:1-9`) });
const nobody = { writable: [], returned: [] };

test('a primary that woke up writable stands outside, and what it alone wrote is named', () => {
  const woke = primary('db1', { ...epoch(4, 'db1'), ...executed(`${P}:1-103`) });
  expect(outsiders(snapshotOf(woke, opened))).toEqual({
    current: 'db2',
    writable: [{ name: 'db1', extra: `${P}:101-103` }],
    returned: [],
  });
});

test('one that came back read-only and copies from nobody has returned', () => {
  const back = primary('db1', { readOnly: true, ...epoch(4, 'db1'), ...executed(`${P}:1-100`) });
  expect(outsiders(snapshotOf(back, opened)).returned).toEqual([{ name: 'db1', extra: '' }]);
});

test('a replica that has not applied the promotion yet is no outsider', () => {
  const lagging = replica('db3', 'db2', { ...epoch(4, 'db1'), ...executed(`${P}:1-90`) });
  expect(outsiders(snapshotOf(opened, lagging))).toEqual({ current: 'db2', ...nobody });
});

test.each([
  ['no epoch was ever written', [primary('db1'), primary('db2')]],
  [
    'the named one cannot be seen',
    [primary('db1', epoch(4, 'db1')), silent('db2'), replica('db3', 'db2', epoch(5, 'db2'))],
  ],
  ['the named one is read-only', [primary('db1', epoch(4, 'db1')), { ...opened, readOnly: true }]],
])('nobody is an outsider while %s', (_, members) => {
  expect(outsiders(snapshotOf(...members))).toEqual({ current: null, ...nobody });
});
