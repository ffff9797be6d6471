import { type KnownBackup, type Verification } from '../../workflows/decisions/backups/manifest';
import { chainOf, chooseBase, isNearItsEnd, refusePhysical } from '../../workflows/decisions/backups/physical';
import { type BackupPolicy } from '../../workflows/decisions/backups/policy';
import { readCopyFacts } from '../../workflows/decisions/backups/xtrabackup';
import { clusterOf, instance } from './members';

const of = (
  id: string,
  base: string | null = null,
  more: { uuid?: string; verdict?: Verification['verdict']; lsn?: boolean } = {},
): KnownBackup => ({
  manifest: {
    ...{ id, base, sourceUuid: more.uuid ?? 'a' },
    ...(more.lsn !== false && { lsn: { from: '0', to: '9' } }),
  } as KnownBackup['manifest'],
  verified: more.verdict ? ({ verdict: more.verdict } as Verification) : null,
});

test('an incremental one is put on the newest of the same server', () => {
  const all = [of('1'), of('2', '1'), of('3', null, { uuid: 'b' }), of('4', null, { lsn: false })];
  expect(chooseBase(all, 'a')?.manifest.id).toBe('2');
  expect(chooseBase(all, 'c')).toBeNull();
});

test('nothing is put on one that is no backup, or that stands on one, or whose base is gone', () => {
  expect(chooseBase([of('1'), of('2', '1', { verdict: 'failed' })], 'a')?.manifest.id).toBe('1');
  expect(chooseBase([of('1', null, { verdict: 'failed' }), of('2', '1')], 'a')).toBeNull();
  expect(chooseBase([of('2', '1')], 'a')).toBeNull();
});

test('a chain begins with the full one, and a circle is none', () => {
  const all = [of('1'), of('2', '1'), of('3', '2')];
  expect(chainOf(all, '3')?.map(({ manifest }) => manifest.id)).toEqual(['1', '2', '3']);
  expect(chainOf([of('2', '3'), of('3', '2')], '3')).toBeNull();
});

test('the applier stands still for the last seconds of the files, or as soon as they are copied', () => {
  const megabyte = 1_048_576;
  const near = (leftMegabytes: number, rate: number, isDone = false) =>
    isNearItsEnd({ isDone, left: leftMegabytes * megabyte, rate: rate * megabyte });
  expect([near(10_000, 200), near(300, 200), near(50, 0), near(500, 0, true)]).toEqual([false, true, true, true]);
});

test('a physical copy is refused where no program can be run, nothing says how, or clients would wait', () => {
  const backups = { physical: { tool: 'clone', folder: '/clones' } } as BackupPolicy;
  const control = { kind: 'local', start: ['mysqld'], pidFile: '/run/mysqld.pid' } as const;
  const instances = [instance('db1', { control }), instance('db2', { control: { kind: 'command', command: ['x'] } })];
  const cluster = clusterOf(['db1', 'db2'], { instances, backups });
  const said = (name: string, isPrimary = false, incremental = false) =>
    refusePhysical(cluster, name, isPrimary, incremental).map(({ sentence }) => sentence);
  expect(said('db1')).toEqual([]);
  expect(said('db2')).toEqual(['no program can be run on the host of db2']);
  expect(said('db1', true)).toEqual(['db1 takes the writes, which would wait while the copy comes to its end']);
  expect(said('db1', false, true)).toEqual(['CLONE copies everything each time']);
  expect(refusePhysical(clusterOf(['db1'], { instances }), 'db1', false, false)[0]?.sentence).toMatch(
    /^the inventory does not say how a data folder/,
  );
});

test('what XtraBackup says of a copy: its GTID set over several lines, and its places of the redo log', () => {
  const info = `uuid = 5f1a
tool_name = xtrabackup
tool_version = 8.4.0-1
binlog_pos = filename 'binlog.000003', position '1197', GTID of the last change 'aaaa:1-5,
bbbb:1-7'
innodb_from_lsn = 100
innodb_to_lsn = 22081
`;
  expect(readCopyFacts(info)).toEqual({
    ...{ version: '8.4.0-1', gtids: 'aaaa:1-5,bbbb:1-7', lsn: { from: '100', to: '22081' } },
  });
  expect(readCopyFacts(info.replace(/GTID of.*/, ''))).toBeNull();
});
