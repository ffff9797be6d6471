import { CHECKS, type CheckId } from '../../../workflows/decisions/upgrade/checks';
import { type Severity } from '../../../workflows/decisions/upgrade/finding';
import { IN_5_7, IN_8_0 } from '../../activities/upgrades/planted';
import { type Case, channelOf, columnOf, judged, programOf, settingsOf } from './facts';

interface Ruled extends Case {
  readonly check: CheckId;
  readonly severity: Severity;
  readonly where: RegExp;
  readonly why: RegExp;
  /** One of its lines. */
  readonly cure: RegExp;
  readonly step?: string;
}

/** What cannot be planted on the old releases that run here, and what depends on who has set it. */
const CASES: readonly Ruled[] = [
  {
    check: 'forced-step',
    severity: 'warning',
    to: '8.4',
    inOneStep: 'a dump is loaded',
    where: /cluster orders/,
    why: /is forced: a dump is loaded$/,
    cure: /leave --in-one-step out/,
    step: '5.7 → 8.4',
  },
  {
    check: 'release-mix',
    severity: 'error',
    others: [settingsOf('8.0.34', { name: 'db2' }), settingsOf('8.4.3', { name: 'db3' })],
    where: /^db1 5.7.44, db2 8.0.34, db3 8.4.3$/,
    why: /two neighbouring releases only/,
    cure: /oldest members/,
  },
  {
    check: 'release-mix',
    severity: 'error',
    server: { channels: [channelOf({ sourcePort: 3302 })] },
    others: [settingsOf('8.0.34', { name: 'db2' })],
    where: /^db1 5.7.44 follows db2$/,
    why: /nothing newer can follow this server|if the source dies/,
    cure: /upgrade the replica/,
  },
  {
    check: 'unread',
    severity: 'error',
    schema: { notRead: [{ part: 'columns', because: 'there are more than 20000' }] },
    where: /^columns on db1$/,
    why: /more than 20000/,
    cure: /--deep/,
  },
  {
    check: 'removed-variable',
    severity: 'error',
    from: '8.0.34',
    server: { variables: { expire_logs_days: '7' }, sources: { expire_logs_days: 'GLOBAL' } },
    where: /^expire_logs_days = 7$/,
    why: /an option file sets it.*binlog_expire_logs_seconds takes its place/,
    cure: /take expire_logs_days out of the \[mysqld\] part/,
    step: '8.0 → 8.4',
  },
  {
    check: 'removed-variable',
    severity: 'warning',
    from: '8.0.34',
    server: { variables: { expire_logs_days: '7' }, sources: { expire_logs_days: 'DYNAMIC' } },
    where: /^expire_logs_days = 7$/,
    why: /set while the server ran/,
    cure: /^SET GLOBAL expire_logs_days = DEFAULT;$/,
  },
  {
    check: 'refused-value',
    severity: 'error',
    from: '8.0.26',
    server: { variables: { tls_version: 'TLSv1,TLSv1.1' }, sources: { tls_version: 'GLOBAL' } },
    where: /^tls_version = TLSv1,TLSv1.1$/,
    why: /no client could connect by TLS/,
    cure: /^SET PERSIST_ONLY tls_version = 'TLSv1.2';$/,
    step: '8.0 → 8.4',
  },
  {
    check: 'refused-value',
    severity: 'error',
    from: '8.0.34',
    server: { variables: { authentication_policy: 'mysql_native_password,,' } },
    where: /^authentication_policy/,
    why: /does not start with such a policy/,
    cure: /^SET PERSIST authentication_policy = '\*,,';$/,
  },
  {
    check: 'plugin',
    severity: 'error',
    from: '8.4.3',
    server: { plugins: [{ name: 'rpl_semi_sync_master', library: 'semisync_master.so' }] },
    where: /^plugin rpl_semi_sync_master$/,
    why: /rpl_semi_sync_source does the same/,
    cure: /^INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so';$/,
  },
  {
    check: 'plugin',
    severity: 'error',
    from: '8.0.34',
    server: { plugins: [{ name: 'keyring_file', library: 'keyring_file.so' }] },
    where: /^plugin keyring_file$/,
    why: /encrypted tables cannot be read/,
    cure: /component_keyring_file first/,
  },
  {
    check: 'authentication-plugin',
    severity: 'error',
    from: '8.0.34',
    to: '8.4',
    schema: { accounts: [{ user: 'app', host: '10.%', plugins: ['mysql_native_password'], locked: false }] },
    where: /^'app'@'10.%'$/,
    why: /off unless the server is started with mysql_native_password = ON.*Connector\/J 8.0.9/,
    cure: /^ALTER USER 'app'@'10.%' IDENTIFIED WITH caching_sha2_password BY/,
  },
  {
    check: 'authentication-plugin',
    severity: 'notice',
    to: '8.0',
    schema: { accounts: [{ user: 'app', host: '%', plugins: ['mysql_native_password'], locked: true }] },
    where: /^'app'@'%' \(locked\)$/,
    why: /goes on logging in/,
    cure: /^-- once it runs 8.0: ALTER USER/,
  },
  {
    check: 'old-temporal',
    severity: 'error',
    schema: { columns: [columnOf({ type: 'datetime /* 5.5 binary format */', dataType: 'datetime' })] },
    where: /^column shop.t.c$/,
    why: /stored as 5.5 did/,
    cure: /^ALTER TABLE `shop`.`t` FORCE;$/,
  },
  {
    check: 'blob-default',
    severity: 'error',
    schema: { columns: [columnOf({ type: 'blob', dataType: 'blob', defaultValue: '' })] },
    where: /^column shop.t.c$/,
    why: /no literal default/,
    cure: /ALTER COLUMN `c` DROP DEFAULT;$/,
  },
  {
    check: 'long-name',
    severity: 'error',
    schema: { columns: [columnOf({ column: 'v'.repeat(65), view: true })] },
    where: /v{65}$/,
    why: /64 characters at most/,
    cure: /SHOW CREATE VIEW `shop`.`t`/,
  },
  {
    check: 'upper-case-name',
    severity: 'error',
    schema: {
      lowerCaseTableNames: 1,
      tables: [{ schema: 'shop', table: 'Orders', view: false, engine: 'InnoDB', collation: '', partitioned: false }],
    },
    where: /^table shop.Orders$/,
    why: /lower_case_table_names = 1/,
    cure: /^RENAME TABLE `shop`.`Orders` TO `shop`.`orders`;$/,
  },
  {
    check: 'old-name',
    severity: 'error',
    schema: {
      tables: [
        { schema: 'shop', table: '#mysql50#a-b', view: false, engine: 'InnoDB', collation: '', partitioned: false },
      ],
    },
    where: /^table shop.#mysql50#a-b$/,
    why: /before 5.1/,
    cure: /^RENAME TABLE `shop`.`#mysql50#a-b` TO `shop`.`a-b`;$/,
  },
  {
    check: 'index-too-large',
    severity: 'error',
    schema: { indexes: [{ schema: 'shop', table: 't', index: 'i', column: 'c', kind: 'too large' }] },
    where: /^index shop.t.i \(c\)$/,
    why: /767 bytes/,
    cure: /^ALTER TABLE `shop`.`t` ROW_FORMAT = DYNAMIC;$/,
  },
  {
    check: 'check-table',
    severity: 'error',
    schema: { tableChecks: [{ schema: 'shop', table: 't', said: 'Table upgrade required', bad: true }] },
    where: /^table shop.t$/,
    why: /Table upgrade required$/,
    cure: /FORCE;$/,
  },
  {
    check: 'orphan-table',
    severity: 'error',
    schema: { leftovers: [{ schema: 'shop', table: 't', kind: 'no definition', engine: '' }] },
    where: /^table shop.t$/,
    why: /no definition/,
    cure: /\.frm/,
  },
  {
    check: 'two-engines',
    severity: 'error',
    schema: { leftovers: [{ schema: 'shop', table: 't', kind: 'two engines', engine: 'MyISAM' }] },
    where: /^table shop.t$/,
    why: /MyISAM/,
    cure: /DROP TABLE/,
  },
  {
    check: 'orphan-program',
    severity: 'error',
    schema: { programs: [programOf({ schema: 'lost' })], schemas: [{ name: 'shop', charset: 'utf8mb4' }] },
    where: /^procedure lost.p$/,
    why: /no schema lost/,
    cure: /^DROP DATABASE `lost`;$/,
  },
  {
    check: 'tablespace-path',
    severity: 'error',
    schema: { oddPaths: [{ tablespace: 'far', path: '/a/../b/far.ibd' }] },
    where: /^tablespace far$/,
    why: /\/a\/\.\.\/b/,
    cure: /plain path/,
  },
  {
    check: 'client-library',
    severity: 'warning',
    schema: { clients: [{ user: 'app', library: 'libmysql', version: '5.7.22', program: '' }] },
    where: /^libmysqlclient 5.7.22, logged in as app$/,
    why: /caching_sha2_password/,
    cure: /renew libmysqlclient/,
  },
  {
    check: 'replication-settings',
    severity: 'warning',
    server: { variables: { gtid_mode: 'OFF' } },
    where: /^gtid_mode = OFF$/,
    why: /no way back that loses nothing/,
    cure: /^SET GLOBAL gtid_mode = ON;$/,
  },
  {
    check: 'replication-login',
    severity: 'warning',
    from: '8.0.34',
    server: { channels: [channelOf({ ssl: false, name: 'west' })] },
    where: /^channel west, account repl$/,
    why: /without TLS/,
    cure: /^CHANGE REPLICATION SOURCE TO GET_SOURCE_PUBLIC_KEY = 1 FOR CHANNEL 'west';$/,
  },
  {
    check: 'router-version',
    severity: 'notice',
    cluster: {
      routers: [
        {
          kind: 'haproxy',
          name: 'front',
          socket: 'unix:/s',
          writeBackend: 'w',
          writeAddress: { host: '10.0.0.21', port: 3306 },
        },
      ],
    },
    where: /^haproxy front$/,
    why: /mysql-check/,
    cure: /health checks/,
  },
  {
    check: 'official-checker',
    severity: 'error',
    official: {
      asked: true,
      instance: 'db1',
      problems: [
        {
          id: 'removedFunctions',
          title: 'Usage of removed functions',
          level: 'Error',
          object: 'shop.v',
          description: 'VIEW uses removed function X.',
          link: '',
        },
      ],
    },
    where: /^shop.v \(removedFunctions\)$/,
    why: /^VIEW uses removed function X$/,
    cure: /^-- Usage of removed functions$/,
  },
];

test.each(CASES)('$check: $why', ({ check, severity, where, why, cure, step, ...facts }) => {
  const found = judged(facts).findings.filter((finding) => finding.check === check && where.test(finding.where));
  expect(found).toMatchObject([{ severity, why: expect.stringMatching(why) as unknown }]);
  expect(found[0]?.cure.some((line) => cure.test(line))).toBe(true);
  if (step !== undefined) expect(found[0]?.step).toBe(step);
});

test('every precheck has a test that plants it, or makes up its facts', () => {
  const tested = new Set([...IN_5_7, ...IN_8_0, ...CASES].map(({ check }) => check));
  expect(Object.keys(CHECKS).filter((id) => !tested.has(id as CheckId))).toEqual([]);
});

test('a sound 8.4 has nothing but notices on its way to 9.7', () => {
  const { findings, errors, warnings } = judged({ from: '8.4.3', server: { variables: { gtid_mode: 'ON' } } });
  expect({ errors, warnings }).toEqual({ errors: 0, warnings: 0 });
  expect([...new Set(findings.map(({ check }) => check))]).toEqual(['option-files', 'backup-tools']);
});

test('what is set to its default by somebody still is, and what nobody set is not', () => {
  const of = (sources: Record<string, string>) =>
    judged({ from: '8.0.34', server: { variables: { innodb_io_capacity: '200' }, sources } }).findings.filter(
      ({ check }) => check === 'changed-default',
    );
  expect(of({}).map(({ where }) => where)).toEqual(['innodb_io_capacity']);
  expect(of({ innodb_io_capacity: 'GLOBAL' })).toEqual([]);
});

test('names with quotes come out quoted: nothing in a name ends a statement early', () => {
  const { findings } = judged({
    schema: {
      columns: [columnOf({ schema: 'a`b', table: "c'd", dataType: 'float', extra: 'auto_increment', comment: "it's" })],
    },
  });
  expect(findings.find(({ check }) => check === 'float-auto-increment')?.cure).toEqual([
    "ALTER TABLE `a``b`.`c'd` MODIFY `c` BIGINT NULL AUTO_INCREMENT COMMENT 'it''s';",
  ]);
});
