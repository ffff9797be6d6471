import { type DelayedReplica } from '../../workflows/decisions/archive/delayed';
import { decideRestore, type RestoreFacts, type RestoreWish } from '../../workflows/decisions/archive/restore';
import { planRestore } from '../../workflows/decisions/archive/restore-plan';
import { upToTransaction, withAllBelow } from '../../workflows/decisions/archive/target';
import { type KnownBackup } from '../../workflows/decisions/backups/manifest';
import { parseGtidSet, print } from '../../workflows/decisions/gtid-set';

const A = 'aaaaaaaa-1111-2222-3333-444444444444';
const B = 'bbbbbbbb-1111-2222-3333-444444444444';
const NOON = '2026-11-21T12:00:00.000Z';

const backup = (id: string, gtids: string, more: object = {}): KnownBackup =>
  ({
    verified: null,
    manifest: {
      ...{ id, gtidExecuted: gtids, kind: 'logical', endedAt: '2026-11-21T10:00:00.000Z' },
      tables: [{ schema: 'shop', name: 'items', engine: 'InnoDB', rows: 100 }],
      ...more,
    },
  }) as unknown as KnownBackup;

const facts = (more: Partial<RestoreFacts> = {}): RestoreFacts => ({
  point: {
    ...{ target: `${A}:1-20`, without: '', because: 'just before it', lastAt: NOON },
    next: { gtid: `${A}:21`, at: NOON },
  },
  ...{ backups: [backup('b1', `${A}:1-10`)], archived: `${A}:1-30`, before: '', known: `${A}:1-30` },
  ...{ delayed: [], primary: 'db1' },
  ...more,
});
const wish = (more: Partial<RestoreWish> = {}): RestoreWish => ({
  ...{ before: `${A}:21`, tables: ['shop.items'], into: 'cluster' },
  ...more,
});
const decide = (more: Partial<RestoreFacts> = {}, wished: Partial<RestoreWish> = {}) =>
  decideRestore(wish(wished), facts(more));
const delayed = (executed: string, more: Partial<DelayedReplica> = {}): DelayedReplica => ({
  ...{ name: 'db4', executed, received: `${A}:1-30`, delaySeconds: 3600, applies: true },
  ...more,
});

test('the newest backup that holds nothing behind the target is the base', () => {
  const backups = [backup('b1', `${A}:1-5`), backup('b2', `${A}:1-10`), backup('b3', `${A}:1-25`)];
  expect(decide({ backups })).toMatchObject({ way: { kind: 'backup', base: { id: 'b2' }, transactions: 10 } });
});

test('a backup that failed its verification, or is physical, is taken only when it is named', () => {
  const failed = { ...backup('b2', `${A}:1-10`), verified: { verdict: 'failed' } as KnownBackup['verified'] };
  const backups = [backup('b1', `${A}:1-5`), failed, backup('b3', `${A}:1-11`, { kind: 'physical' })];
  expect(decide({ backups })).toMatchObject({ way: { base: { id: 'b1' } } });
  expect(decide({ backups }, { backup: 'b2' })).toMatchObject({ way: { base: { id: 'b2' } } });
  expect(decide({ backups }, { backup: 'b9' })).toMatchObject({ act: 'refuse', because: 'there is no backup b9' });
});

test('a backup that is younger than the target is no base: the result would hold the mistake', () => {
  const point = { ...facts().point, target: `${A}:1-7` };
  expect(decide({ point })).toMatchObject({
    act: 'refuse',
    because: 'there is no usable backup that lies before the target (1 in the store)',
  });
});

describe('what a backup holds and the archive never had', () => {
  const gap = backup('b1', `${A}:1-17`, { endedAt: '2026-11-21T11:00:00.000Z' });
  const archived = `${A}:1-10:18-30`;
  const point = { ...facts().point, target: `${A}:1-10:18-20` };

  test('a gap before the target: a backup that was taken behind the gap carries over it', () => {
    expect(decide({ backups: [gap], archived, point })).toMatchObject({ act: 'restore', target: `${A}:1-20` });
  });

  test('a gap behind the target: that backup would bring what is not wanted', () => {
    const before = { ...point, target: `${A}:1-10`, lastAt: '2026-11-21T10:30:00.000Z' };
    expect(decide({ backups: [gap], archived, point: before })).toMatchObject({ act: 'refuse' });
  });

  test('an errant transaction of the replica that was copied does not spoil its backups', () => {
    const errant = backup('b1', `${A}:1-10,${B}:1`);
    expect(decide({ backups: [errant] })).toMatchObject({ act: 'restore', target: `${A}:1-20,\n${B}:1` });
  });
});

test('a gap that no backup bridges is refused with its exact GTIDs', () => {
  const point = { ...facts().point, target: `${A}:1-12:15-20` };
  expect(decide({ archived: `${A}:1-12:15-30`, point })).toMatchObject({
    act: 'refuse',
    because: `the archive lacks ${A}:13-14 (2 transactions), which lie before the target`,
  });
});

describe('a moment behind the last archived commit', () => {
  const point = { ...facts().point, target: `${A}:1-30`, next: null };

  test('is refused while members have what is not archived', () => {
    const decision = decide({ point, known: `${A}:1-33` }, { before: undefined, at: NOON });
    expect(decision).toMatchObject({
      act: 'refuse',
      because: expect.stringContaining(`lacks ${A}:31-33 (3`) as string,
    });
  });

  test('is the present of an idle cluster', () => {
    expect(decide({ point }, { before: undefined, at: NOON })).toMatchObject({ act: 'restore' });
  });
});

describe('a delayed replica', () => {
  test('that has not applied the mistake yet, and has less to do than a backup, is used', () => {
    const decision = decide({ delayed: [delayed(`${A}:1-15`)] });
    expect(decision).toMatchObject({
      way: { kind: 'delayed', transactions: 5 },
      because:
        'db4 waits 3600 s before it applies, and has 5 transactions to apply up to it, less than a backup and the archive (110 rows and transactions)',
    });
    if (decision.act !== 'restore') throw new Error(decision.because);
    expect(planRestore('orders', wish(), facts(), decision).lines.slice(0, 3)).toEqual([
      `from db4, which waits 3600 s: it applies 5 transactions at once, and is stopped right before ${A}:21`,
      'then it waits 3600 s again',
      'by itself it would apply it at 2026-11-21T13:00:00.000Z: agree before',
    ]);
  });

  test('is the way where there is no backup', () => {
    expect(decide({ backups: [], delayed: [delayed(`${A}:1-15`)] })).toMatchObject({ way: { kind: 'delayed' } });
  });

  test.each([
    ['has applied it', delayed(`${A}:1-21`)],
    ['has not received all that is wanted', delayed(`${A}:1-15`, { received: `${A}:1-19` })],
  ])('that %s is passed over', (_why, replica) => {
    expect(decide({ delayed: [replica] })).toMatchObject({ way: { kind: 'backup' } });
  });

  test.each<[string, Partial<RestoreWish>]>([
    ['a whole server is wanted', { into: 'instance', tables: [] }],
    ['a backup is named', { backup: 'b1' }],
  ])('is not used when %s', (_why, wished) => {
    expect(decide({ delayed: [delayed(`${A}:1-15`)] }, wished)).toMatchObject({ way: { kind: 'backup' } });
  });

  test('that has more to apply than a backup has rows is passed over', () => {
    const point = { ...facts().point, target: `${A}:1-900`, next: { gtid: `${A}:901`, at: NOON } };
    const late = delayed(`${A}:1`, { received: `${A}:1-999` });
    const more = { backups: [backup('b1', `${A}:1-890`)], archived: `${A}:1-999`, known: `${A}:1-999` };
    expect(decide({ point, delayed: [late], ...more })).toMatchObject({ way: { kind: 'backup', transactions: 10 } });
  });
});

describe('the order of an archive', () => {
  const upTo = (inOrder: string, archived: string, gtid: string, withIt: boolean) =>
    print(upToTransaction(parseGtidSet(inOrder), parseGtidSet(archived), gtid, withIt));

  test('of its own series the numbers tell, though a replica wrote them in another order', () => {
    expect(upTo(`${A}:1-5:8:10`, `${A}:1-20`, `${A}:8`, false)).toBe(`${A}:1-7`);
    expect(upTo(`${A}:1-5:8:10`, `${A}:1-20`, `${A}:8`, true)).toBe(`${A}:1-8`);
    expect(upTo('', `${A}:1-20`, `${A}:1`, false)).toBe('');
  });

  test('of other servers it is the order of the archive, with what was archived late', () => {
    expect(upTo(`${B}:1-3:6,${A}:1-5`, `${A}:1-20,${B}:1-9`, `${A}:6`, true)).toBe(`${A}:1-6,\n${B}:1-6`);
    expect(print(withAllBelow(parseGtidSet(`${A}:5`), parseGtidSet(`${A}:2-9`)))).toBe(`${A}:2-5`);
  });
});
