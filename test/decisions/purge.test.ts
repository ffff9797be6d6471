import { type Claimant, decidePurge, type KeptLogs } from '../../workflows/decisions/archive/purge';

const A = 'aaaaaaaa-1111-2222-3333-444444444444';
const logs = (name: string): KeptLogs => ({
  name,
  files: [
    { name: 'binlog.000001', bytes: 100, before: '' },
    { name: 'binlog.000002', bytes: 200, before: `${A}:1-10` },
    { name: 'binlog.000003', bytes: 300, before: `${A}:1-20` },
    { name: 'binlog.000004', bytes: 400, before: `${A}:1-30` },
  ],
});
const has = (who: string, to: number): Claimant => ({ who, has: `${A}:1-${to}` });
const of = (claimants: readonly Claimant[], keep = 1) => decidePurge([logs('db1')], claimants, keep).members[0];

test('what every replica and the archive have may go, but never the newest file', () => {
  expect(of([has('db2', 40), has('db3', 40), has('the archive', 40)])).toEqual({
    name: 'db1',
    to: 'binlog.000004',
    files: 3,
    bytes: 600,
    heldBackBy: '',
  });
});

test('a delayed replica holds back what it has not applied, and is named', () => {
  expect(of([has('db2', 40), has('db3', 15)])).toMatchObject({
    to: 'binlog.000002',
    files: 1,
    heldBackBy: 'db3 still needs 5 transactions',
  });
});

test('a declared replica that cannot be read holds back everything', () => {
  const found = of([has('db2', 40), { who: 'db3', has: null, because: 'db3 does not answer' }]);
  expect(found).toMatchObject({ to: null, files: 0, heldBackBy: 'db3 may need all of it: db3 does not answer' });
});

test('an archive that is behind holds back what it lacks', () => {
  expect(of([has('db2', 40), has('the archive', 29)])).toMatchObject({
    to: 'binlog.000003',
    heldBackBy: 'the archive still needs 1 transactions',
  });
});

test('a server does not hold back its own logs, and so many of the newest stay as are wanted', () => {
  expect(of([has('db1', 1), has('db2', 40)], 3)).toMatchObject({ to: 'binlog.000002', heldBackBy: '' });
});

test('the decision says what goes and what holds the rest back', () => {
  const { because } = decidePurge([logs('db1'), logs('db2')], [has('db1', 40), has('db2', 40), has('db3', 15)], 1);
  expect(because).toBe('2 binary logs may go from 2 members; db3 still needs 5 transactions');
});
