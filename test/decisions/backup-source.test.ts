import { type Member } from '../../workflows/decisions/facts';
import { concludeVerification } from '../../workflows/decisions/backups/verdict';
import { behindTheArchive, randomPoint } from '../../workflows/decisions/backups/point';
import { chooseSource } from '../../workflows/decisions/backups/source';
import { type ArchivedFile } from '../../workflows/decisions/archive/coverage';
import { channelTo, clusterOf, instance, primary, replica, snapshotOf, uuidOf } from './members';

const NAMES = ['db1', 'db2', 'db3'];
const behind = (ageMs: number) => ({ heartbeat: { writtenBy: 'db1', ageMs } });
const choose = (members: readonly Member[], { cluster = clusterOf(NAMES), from = null as string | null } = {}) =>
  chooseSource({ cluster, snapshot: snapshotOf(...members), primary: 'db1', from });

test('the replica with the least lag is copied, and never the primary', () => {
  const choice = choose([primary('db1'), replica('db2', 'db1', behind(900)), replica('db3', 'db1', behind(100))]);
  expect(choice).toMatchObject({ source: 'db3', isPrimary: false, because: 'db3 follows, 100 ms behind' });
});

test('a declared backup source goes before one with less lag, and a delayed one comes last', () => {
  const instances = [instance('db1'), instance('db2', { backupSource: true }), instance('db3', { delaySeconds: 3600 })];
  const members = [primary('db1'), replica('db2', 'db1', behind(900)), replica('db3', 'db1', behind(1))];
  expect(choose(members, { cluster: clusterOf(NAMES, { instances }) }).because).toBe(
    'db2 is declared for it, 900 ms behind',
  );
  const undeclared = [instance('db1'), instance('db2'), instance('db3', { delaySeconds: 3600 })];
  expect(choose(members, { cluster: clusterOf(NAMES, { instances: undeclared }) }).source).toBe('db2');
});

test('a replica that stands still is passed over with the reason; where none is left, nobody is copied', () => {
  const still = replica('db2', 'db1', { channels: [channelTo('db1', { applier: 'stopped' })] });
  expect(choose([primary('db1'), still, replica('db3', 'db1', behind(5))]).because).toBe(
    'db3 follows, 5 ms behind; db2 does not apply',
  );
  const none = choose([primary('db1'), still]);
  expect([none.source, none.because]).toEqual([null, 'no replica can be copied: db2 does not apply']);
});

test('the only one that acknowledges is left alone, unless it is named', () => {
  const acknowledged = primary('db1');
  const alone = {
    ...acknowledged,
    semiSync: { ...acknowledged.semiSync, sourceEnabled: true, waitForReplicaCount: 1, acknowledgers: 1 },
  };
  const one = replica('db2', 'db1', behind(5));
  const acknowledger = { ...one, semiSync: { ...one.semiSync, replicaActive: true } };
  expect(choose([alone, acknowledger]).source).toBeNull();
  expect(choose([alone, acknowledger], { from: 'db2' }).because).toBe(
    'db2 was named, although it is the only one that acknowledges the commits of the primary',
  );
});

test('a primary that is alone is copied itself', () => {
  expect(choose([primary('db1')], { cluster: clusterOf(['db1']) })).toMatchObject({ source: 'db1', isPrimary: true });
});

test('what the archive lacks is to come, unless something behind it is archived: that is a hole', () => {
  const a = uuidOf('db1');
  const file = (gtids: string) => ({ gtids: `${a}:${gtids}` }) as ArchivedFile;
  const lacks = (files: readonly ArchivedFile[]) => behindTheArchive(`${a}:1-100`, `${a}:1-20`, files);
  expect(lacks([file('1-60'), file('61-100')])).toEqual({ missing: '', toCome: '' });
  expect(lacks([file('1-60'), file('61-90')])).toEqual({ missing: `${a}:91-100`, toCome: `${a}:91-100` });
  expect(lacks([file('1-60'), file('81-90')])).toEqual({ missing: `${a}:61-80:91-100`, toCome: '' });
});

test('a random point holds the backup, the files before it, and nothing behind it', () => {
  const [a, b] = [uuidOf('db1'), uuidOf('db2')];
  const file = (gtids: string) => ({ gtids }) as ArchivedFile;
  const files = [file(`${a}:1-60`), file(`${a}:61-100`), file(`${b}:1-10`)];
  const executed = `${a}:1-100,${b}:1-10`;
  expect(randomPoint(`${a}:1-50`, executed, files, 0)).toEqual({ target: `${a}:1-51`, last: `${a}:51` });
  const late = randomPoint(`${a}:1-50`, executed, files, 0.99);
  expect([late?.last, late?.target]).toEqual([`${b}:10`, [`${a}:1-100`, `${b}:1-10`].sort().join(',\n')]);
  expect(randomPoint(executed, executed, files, 0.5)).toBeNull();
});

test('one failed check makes it no backup; what was left out is said aloud', () => {
  const passed = { name: 'restored', verdict: 'passed' as const, detail: '', ms: 1 };
  const left = { name: 'point in time', verdict: 'skipped' as const, detail: 'no binary logs are archived', ms: null };
  const failed = { name: 'equal sums', verdict: 'failed' as const, detail: 'shop.a differs', ms: 1 };
  expect(concludeVerification('b1', 2_500, [passed, left])).toEqual({
    verdict: 'proven',
    because:
      'b1 is a backup: restored in 2.5 s, 1 of 2 checks passed; left out: point in time (no binary logs are archived)',
  });
  expect(concludeVerification('b1', 2_500, [passed, failed])).toEqual({
    verdict: 'failed',
    because: 'b1 is not a backup: equal sums: shop.a differs',
  });
});
