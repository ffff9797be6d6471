import { confirmed, errantByReplica, findErrant, rememberPrimary } from '../../workflows/decisions/errant';
import { seen } from './facts';
import { executed, primary, replica, silent, snapshotOf, uuidOf } from './members';

const [P, A, B, OLD] = ['db1', 'db2', 'db3', 'db9'].map(uuidOf) as [string, string, string, string];

test('a row written on a replica is errant, and the sentence says where it was written', () => {
  const look = snapshotOf(
    primary('db1', executed(`${P}:1-100`)),
    replica('db2', 'db1', executed(`${P}:1-100,${A}:1`)),
    replica('db3', 'db1', executed(`${P}:1-100`)),
  );
  const [onDb2, onDb3] = findErrant(look, 'db1');
  expect(onDb2).toMatchObject({ replica: 'db2', errant: `${A}:1`, writtenHere: true });
  expect(onDb2?.because).toMatch(/1 errant transaction .* written on it: db1 never had them/);
  expect(onDb3).toMatchObject({ errant: '', because: 'db3 has no errant transactions' });
});

test('a replica that was read a moment after a busy primary holds nothing errant', () => {
  const look = snapshotOf(primary('db1', executed(`${P}:1-100`)), replica('db2', 'db1', executed(`${P}:1-107`)));
  expect(errantByReplica(look, 'db1').size).toBe(0);
});

test('transactions that are received and not yet applied count as well', () => {
  const look = snapshotOf(
    primary('db1', executed(`${P}:1-100`)),
    replica('db2', 'db1', executed(`${P}:1-90,${A}:1`)),
    replica('db3', 'db2', executed(`${P}:1-90`), { retrieved: `${P}:91-95,${A}:1` }),
  );
  const onDb3 = findErrant(look, 'db1')[1];
  expect(onDb3).toMatchObject({ replica: 'db3', errant: `${A}:1`, writtenHere: false });
  expect(onDb3?.because).toContain(`written by ${A}`);
});

test('a primary that copies from outside the cluster passes on what its source writes', () => {
  const outside = replica('db1', 'db9', executed(`${OLD}:1-50`));
  const look = snapshotOf({ ...outside, readOnly: false }, replica('db2', 'db1', executed(`${OLD}:1-52`)));
  expect(errantByReplica(look, 'db1').size).toBe(0);
});

describe('the primary is dead', () => {
  test('the replica that received the most of its transactions is only the furthest', () => {
    const look = snapshotOf(
      silent('db1'),
      replica('db2', 'db1', executed(`${P}:1-100`), { retrieved: `${P}:101-104` }),
      replica('db3', 'db1', executed(`${P}:1-90`)),
    );
    expect(errantByReplica(look, 'db1', seen(`${P}:1-95`)).size).toBe(0);
    expect(errantByReplica(look, 'db1').size).toBe(0);
  });

  test('a look that left the primary out knows it by what its replicas remember', () => {
    const look = snapshotOf(
      replica('db2', 'db1', executed(`${P}:1-104`)),
      replica('db3', 'db1', executed(`${P}:1-90`)),
    );
    expect(errantByReplica(look, 'db1', seen(`${P}:1-95`)).size).toBe(0);
  });

  test("another writer's transaction that one replica alone holds is errant, also when it is furthest", () => {
    const look = snapshotOf(
      silent('db1'),
      replica('db2', 'db1', executed(`${P}:1-104,${A}:1-2`)),
      replica('db3', 'db1', executed(`${P}:1-90`)),
    );
    expect([...errantByReplica(look, 'db1', seen(`${P}:1-95`))]).toEqual([['db2', `${A}:1-2`]]);
  });

  test('history of a former primary, which the watcher saw or the other replicas share, is not errant', () => {
    const both = `${OLD}:1-1000,${P}:1-90`;
    const shared = snapshotOf(
      silent('db1'),
      replica('db2', 'db1', executed(both)),
      replica('db3', 'db1', executed(both)),
    );
    expect(errantByReplica(shared, 'db1').size).toBe(0);
    const alone = snapshotOf(silent('db1'), replica('db2', 'db1', executed(both)));
    expect(errantByReplica(alone, 'db1', seen(both)).size).toBe(0);
  });

  test('a replica below the culprit is no witness for it', () => {
    const look = snapshotOf(
      silent('db1'),
      replica('db2', 'db1', executed(`${P}:1-90,${A}:1`)),
      replica('db3', 'db2', executed(`${P}:1-90,${A}:1`)),
      replica('db4', 'db1', executed(`${P}:1-90`)),
    );
    expect(errantByReplica(look, 'db1').get('db2')).toBe(`${A}:1`);
  });

  test('one replica that was never compared with anything is not judged, and the sentence says so', () => {
    const look = snapshotOf(silent('db1'), replica('db2', 'db1', executed(`${P}:1-90,${OLD}:1-5`)));
    const [only] = findErrant(look, 'db1');
    expect(only?.errant).toBe('');
    expect(only?.because).toMatch(/cannot be told/);
  });
});

test('what the watcher saw of a lost primary does not excuse it when another one leads', () => {
  const look = snapshotOf(primary('db2', executed(`${P}:1-90,${A}:1-5`)), replica('db1', 'db2', executed(`${P}:1-95`)));
  expect(errantByReplica(look, 'db2', { ...seen(`${P}:1-95`), primaryUuid: A }).get('db1')).toBe(`${P}:91-95`);
});

test('only what two looks agree on is confirmed', () => {
  const once = snapshotOf(
    primary('db1', executed(`${P}:1-100`)),
    replica('db2', 'db1', executed(`${P}:1-100,${A}:1,${B}:7`)),
  );
  const again = snapshotOf(
    primary('db1', executed(`${P}:1-100,${B}:7`)),
    replica('db2', 'db1', executed(`${P}:1-100,${A}:1,${B}:7`)),
  );
  const [both] = confirmed(findErrant(once, 'db1'), findErrant(again, 'db1'));
  expect(both).toMatchObject({ errant: `${A}:1` });
  const gone = confirmed(
    findErrant(once, 'db1'),
    findErrant(
      snapshotOf(primary('db1', executed(`${P}:1-100,${A}:1,${B}:7`)), replica('db2', 'db1', executed(`${A}:1`))),
      'db1',
    ),
  );
  expect(gone[0]).toMatchObject({ errant: '', writtenHere: false });
});

test('a replica that was repointed to a candidate that died names the old primary no more: what that wrote last is not errant', () => {
  const before = snapshotOf(silent('db1', 'refused'), replica('db2', 'db1'), replica('db3', 'db1'));
  const turned = snapshotOf(replica('db3', 'db2', executed(`${P}:1-6`), { sourceUuid: '', receiver: 'connecting' }));
  expect(errantByReplica(turned, 'db1', seen(`${P}:1-4`)).size).toBe(0);
  expect(errantByReplica(turned, 'db1', rememberPrimary(before, 'db1', null)).size).toBe(0);
});
