import { type BackupPolicy } from '../../workflows/decisions/backups/policy';
import { type CopyFacts } from '../../workflows/decisions/provision/facts';
import { fits, heldByFiles, madeFor, planFiles, refusalsOfFiles } from '../../workflows/decisions/provision/physical';
import { waysFrom } from '../../workflows/decisions/provision/strategies';
import { clusterOf, instance } from './members';

const control = { kind: 'systemd', unit: 'mysql', sudo: false } as const;
const backups: BackupPolicy = {
  ...{ store: { kind: 'folder', path: '/b' }, compression: { level: 3, threads: 1 }, parallel: 4 },
  retention: { atLeast: 2, days: 14, weeks: 0, months: 0, promisedDays: 7 },
  physical: { tool: 'xtrabackup', command: ['xtrabackup'], folder: '/var/tmp' },
};
const cluster = clusterOf([], {
  backups,
  instances: ['db2', 'db4'].map((name) => instance(name, { control })),
});

const facts = (name: string, change: Partial<CopyFacts> = {}, variables: Record<string, string> = {}): CopyFacts => ({
  ...{ name, bytes: 4e9, plugins: [], schemas: [], nonInnodb: [], grants: [], freeBytes: 9e9 },
  variables: { version: '8.0.36', datadir: '/var/lib/mysql/', innodb_undo_directory: './', ...variables },
  folder: { path: '/var/lib/mysql', isMount: false },
  xtrabackup: { madeFor: '8.0.35' },
  ...change,
});
const survey = (change: object = {}, ...copies: CopyFacts[]) => ({
  ...{ cluster, snapshot: { takenAt: '', members: [] } as never, routers: [], copies, tools: [] },
  ...change,
});
const against = (donor: CopyFacts, recipient: CopyFacts, change: object = {}) =>
  refusalsOfFiles(survey(change), donor, recipient).map(({ sentence }) => sentence);

test('nothing stands against files where the tool is on both hosts and made for the series', () => {
  expect(against(facts('db2'), facts('db4'))).toEqual([]);
});

test('the tool and its host are named where it is missing', () => {
  const missing = { xtrabackup: { because: 'xtrabackup cannot be started (ENOENT)' } };
  const refusals = refusalsOfFiles(survey(), facts('db2'), facts('db4', missing));
  expect(refusals).toEqual([
    {
      sentence: 'XtraBackup cannot be run on the host of db4: xtrabackup cannot be started (ENOENT)',
      cure: 'install percona-xtrabackup-80 there, with xbstream beside it, or correct backups.physical.command',
    },
  ]);
});

test.each<[string, Partial<CopyFacts>, Record<string, string>, RegExp]>([
  ['of another series', { xtrabackup: { madeFor: '2.4.29' } }, {}, /on the host of db4 was made for MySQL 2\.4\.29/],
  ['an older recipient', {}, { version: '8.0.35' }, /need the same release, or a newer one/],
  ['another page size', {}, { innodb_page_size: '8192' }, /innodb_page_size differs/],
  ['redo logs elsewhere', {}, { innodb_log_group_home_dir: '/redo/' }, /lies outside its data folder: \/redo\//],
  ['binary logs elsewhere', {}, { log_bin_basename: '/var/log/mysql/bin' }, /log_bin_basename of db4 lies outside/],
  [
    'a folder with a name that begins alike',
    {},
    { relay_log_basename: '/var/lib/mysql-relay/r' },
    /relay_log_basename/,
  ],
  ['too small a disk', { freeBytes: 1e9, bytes: 1e9 }, {}, /the disk of db4 has 1 GB free, and db2 has 4 GB/],
])('files are refused for %s', (_, change, variables, words) => {
  expect(against(facts('db2'), facts('db4', change, variables)).join()).toMatch(words);
});

test('files of 8.0 before 8.0.17 are refused: nobody says exactly what they hold', () => {
  const old = { version: '8.0.12' };
  expect(against(facts('db2', {}, old), facts('db4', {}, old)).join()).toMatch(/not known exactly before 8\.0\.17/);
});

test('files need a host where programs run, and an XtraBackup in the inventory', () => {
  const alone = clusterOf(['db2', 'db4'], { backups });
  expect(against(facts('db2'), facts('db4'), { cluster: alone })).toEqual([
    'no program can be run on the host of db2',
    'no program can be run on the host of db4',
  ]);
  expect(against(facts('db2'), facts('db4'), { cluster: clusterOf([]) })).toEqual([
    'the inventory names no XtraBackup for orders',
  ]);
});

test('what XtraBackup prints of its version, and which servers that fits', () => {
  expect(madeFor('xtrabackup version 8.0.35-30 based on MySQL server 8.0.35 Linux (x86_64) (revision id: 6b)')).toBe(
    '8.0.35',
  );
  expect(madeFor('mariabackup based on MariaDB server 10.11')).toBeNull();
  expect(fits('8.0.27', '8.0.28')).toBe(false);
  expect(fits('8.0.28', '8.0.27')).toBe(true);
  expect(fits('8.0.35', '8.0.41')).toBe(true);
  expect(fits('5.7.40', '5.7.44')).toBe(true);
  expect(fits('8.4.0', '8.0.36')).toBe(false);
});

test('files are taken before a dump only where a dump takes hours, and never unless XtraBackup is named', () => {
  const large = facts('db2', { bytes: 400e9 });
  expect(waysFrom(survey({}, facts('db2')), ['db2'], null)).toEqual(['clone', 'logical', 'physical']);
  expect(waysFrom(survey({}, large), ['db2'], null)).toEqual(['clone', 'physical', 'logical']);
  expect(waysFrom(survey({ cluster: clusterOf([]) }, large), ['db2'], null)).toEqual(['clone', 'logical']);
  expect(waysFrom(survey({ cluster: clusterOf([]) }, large), ['db2'], 'physical')).toEqual(['physical']);
});

test('old data waits beside the new only where there is room and its folder can be renamed', () => {
  const keeps = (change: Partial<CopyFacts>) =>
    planFiles(survey({}, facts('db2'), facts('db4', change)), 'db2', 'db4').keepsOld;
  expect(keeps({})).toBe(true);
  expect(keeps({ freeBytes: 4.1e9 })).toBe(false);
  expect(keeps({ freeBytes: null })).toBe(false);
  expect(keeps({ folder: { path: '/var/lib/mysql', isMount: true } })).toBe(false);
});

const U = 'aaaaaaaa-0000-0000-0000-00000000000a';
test('the server’s own set counts from 8.0.17 on, the tool’s before; a channel that ran by itself counts for nothing', () => {
  const held = (version: string, own: string, told: string, received = '') =>
    heldByFiles({ version, own, told, received });
  expect(held('8.0.36', `${U}:1-12`, `${U}:1-10`)).toEqual({ gtids: `${U}:1-12`, mustSet: false });
  expect(held('8.0.36', `${U}:1-9`, `${U}:1-10`)).toMatchObject({
    because: expect.stringMatching(/knows nothing of .*:10, which/) as string,
  });
  expect(held('5.7.44', `${U}:1-9`, `${U}:1-10`)).toEqual({ gtids: `${U}:1-10`, mustSet: true });
  expect(held('5.7.44', `${U}:1-9`, `${U}:1-10`, `${U}:10`)).toMatchObject({
    because: expect.stringMatching(/skip-slave-start/) as string,
  });
});
