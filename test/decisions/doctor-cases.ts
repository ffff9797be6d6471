import { type Change, semi, semiOfReplica } from './doctor-fleet';
import { instance, soundDetail, uuidOf } from './members';

export interface Case extends Change {
  readonly finds: RegExp;
  readonly severity: 'bad' | 'warn' | 'note';
  readonly on?: string;
  /** Statements of the fix, in order. */
  readonly fix?: readonly (string | RegExp)[];
  /** How many findings the change makes; 1 unless told. */
  readonly count?: number;
}

export const cases: readonly Case[] = [
  // settings
  {
    finds: /sync_binlog is 1000, not 1/,
    severity: 'bad',
    db2Variables: { sync_binlog: '1000' },
    fix: ['SET PERSIST sync_binlog = 1;'],
  },
  {
    finds: /innodb_flush_log_at_trx_commit is 2/,
    severity: 'bad',
    db2Variables: { innodb_flush_log_at_trx_commit: '2' },
  },
  {
    finds: /log_bin is OFF/,
    severity: 'bad',
    db2Variables: { log_bin: 'OFF' },
    fix: [/my\.cnf, then restart: log_bin = binlog/],
  },
  {
    finds: /log_replica_updates is OFF/,
    severity: 'bad',
    db2Variables: { log_replica_updates: 'OFF' },
    fix: ['SET PERSIST_ONLY log_replica_updates = ON;', /next restart/],
  },
  {
    finds: /gtid_mode is ON_PERMISSIVE/,
    severity: 'bad',
    db2Variables: { gtid_mode: 'ON_PERMISSIVE' },
    fix: [/now: ON_PERMISSIVE; one step at a time/],
  },
  { finds: /enforce_gtid_consistency is WARN/, severity: 'bad', db2Variables: { enforce_gtid_consistency: 'WARN' } },
  { finds: /binlog_format is MIXED/, severity: 'bad', db2Variables: { binlog_format: 'MIXED' } },
  { finds: /relay_log_recovery is OFF/, severity: 'warn', db2Variables: { relay_log_recovery: 'OFF' } },
  {
    finds: /replica_preserve_commit_order is OFF/,
    severity: 'warn',
    db2Variables: { replica_preserve_commit_order: 'OFF' },
    fix: ['STOP REPLICA SQL_THREAD;', 'SET PERSIST replica_preserve_commit_order = ON;', 'START REPLICA SQL_THREAD;'],
  },
  // timing
  {
    finds: /replica_net_timeout is 60 s/,
    severity: 'bad',
    db2Variables: { replica_net_timeout: '60' },
    fix: [
      'SET PERSIST replica_net_timeout = 4;',
      /reads it when it starts/,
      'STOP REPLICA IO_THREAD;',
      'START REPLICA IO_THREAD;',
    ],
  },
  {
    finds: /replica_net_timeout is 60 s/,
    severity: 'bad',
    db2: { release: '8.0', version: '8.0.25' },
    db2Variables: { replica_net_timeout: undefined, slave_net_timeout: '60' },
    fix: [
      'SET PERSIST slave_net_timeout = 4;',
      /reads it when it starts/,
      'STOP REPLICA IO_THREAD;',
      'START REPLICA IO_THREAD;',
    ],
    count: 2,
  },
  {
    finds: /heartbeat period is 30 s/,
    severity: 'bad',
    db2Channel: { heartbeatPeriodSeconds: 30 },
    fix: [
      /leave the applier .* running.*purge/,
      'STOP REPLICA IO_THREAD;',
      'CHANGE REPLICATION SOURCE TO SOURCE_HEARTBEAT_PERIOD = 0.5;',
      'START REPLICA IO_THREAD;',
    ],
  },
  { finds: /heartbeats from the source are off/, severity: 'bad', db2Channel: { heartbeatPeriodSeconds: 0 } },
  { finds: /SOURCE_CONNECT_RETRY is 60 s/, severity: 'warn', db2Channel: { connectRetrySeconds: 60 } },
  { finds: /gives up after 10 tries, 10 s/, severity: 'warn', db2Channel: { retryCount: 10 } },
  // semi-sync against the declared durability
  {
    finds: /semi-sync is off/,
    severity: 'bad',
    on: 'db1',
    db1: { semiSync: semi({ sourceEnabled: false, sourceActive: false }) },
  },
  {
    finds: /fallen back: commits wait for nobody/,
    severity: 'bad',
    on: 'db1',
    db1: { semiSync: semi({ sourceActive: false }) },
  },
  {
    finds: /17 commits since its start were acknowledged by nobody/,
    severity: 'note',
    on: 'db1',
    db1: { semiSync: semi({ unacknowledged: 17 }) },
  },
  {
    finds: /1 replicas acknowledge, just as many/,
    severity: 'warn',
    on: 'db1',
    db1: { semiSync: semi({ acknowledgers: 1 }) },
  },
  {
    finds: /0 replicas acknowledge, commits wait for 1/,
    severity: 'bad',
    on: 'db1',
    db1: { semiSync: semi({ acknowledgers: 0 }) },
  },
  {
    finds: /acknowledges nothing: the replica side/,
    severity: 'warn',
    db2: { semiSync: semiOfReplica({ replicaEnabled: false }) },
    fix: [
      'SET PERSIST rpl_semi_sync_replica_enabled = 1;',
      /asks for semi-sync when it connects/,
      'STOP REPLICA IO_THREAD;',
      'START REPLICA IO_THREAD;',
    ],
  },
  { finds: /timeout is 300 ms/, severity: 'warn', db2: { semiSync: semiOfReplica({ timeoutMs: 300 }) } },
  {
    finds: /wait_point is AFTER_COMMIT/,
    severity: 'bad',
    db2Variables: { rpl_semi_sync_source_wait_point: 'AFTER_COMMIT' },
  },
  {
    finds: /plugins are not both installed/,
    severity: 'bad',
    db2: { semiSync: semiOfReplica({ sourceInstalled: false }) },
    fix: [/^INSTALL PLUGIN rpl_semi_sync_source SONAME/],
  },
  {
    finds: /timeout is 10000 ms, but the cluster promises lossless/,
    severity: 'bad',
    count: 3,
    on: 'db1',
    cluster: { durability: 'lossless' },
  },
  {
    finds: /wait_no_replica is OFF/,
    severity: 'bad',
    count: 2,
    cluster: { durability: 'lossless' },
    on: 'db2',
    db1: { semiSync: semi({ timeoutMs: 4_294_967_295 }) },
    db2: { semiSync: semiOfReplica({ timeoutMs: 4_294_967_295, waitNoReplica: false }) },
  },
  // read-only
  {
    finds: /super_read_only is off after a restart/,
    severity: 'bad',
    fix: [/only for its next start/, 'SET PERSIST_ONLY super_read_only = ON;'],
    db2Detail: { atBoot: { ...soundDetail().atBoot, super_read_only: 'OFF' } },
  },
  { finds: /cannot be told/, severity: 'warn', db2Detail: { atBoot: {} } },
  { finds: /takes writes: read_only is off/, severity: 'bad', db2: { readOnly: false, superReadOnly: false } },
  { finds: /super_read_only off/, severity: 'bad', db2: { superReadOnly: false } },
  // shape
  {
    finds: /by file and position/,
    severity: 'bad',
    db2Channel: { autoPosition: false },
    fix: [
      /relay log is purged/,
      /STOP REPLICA IO_THREAD/,
      /wait/,
      /STOP REPLICA;/,
      /AUTO_POSITION = 1/,
      /START REPLICA;/,
    ],
  },
  { finds: /delayed by 600 s, the inventory says 0 s/, severity: 'bad', db2Channel: { delaySeconds: 600 } },
  {
    finds: /filters leave data out: Replicate_Do_DB=shop/,
    severity: 'bad',
    db2Channel: { filters: ['Replicate_Do_DB=shop'] },
  },
  { finds: /filters leave data out: binlog_ignore_db=tmp/, severity: 'bad', db2Variables: { binlog_ignore_db: 'tmp' } },
  // identity
  { finds: /server_id 3301 is also that of db1/, severity: 'bad', count: 2, db2: { serverId: 3301 } },
  { finds: /server_uuid .* is also that of db1/, severity: 'bad', count: 2, db2: { serverUuid: uuidOf('db1') } },
  { finds: /8\.4\.3 replicates from a newer source/, severity: 'bad', db2: { release: '8.4', version: '8.4.3' } },
  {
    finds: /9\.7\.4 is newer than the primary, 8\.4\.3/,
    severity: 'warn',
    count: 2,
    db1: { release: '8.4', version: '8.4.3' },
  },
  // accounts
  {
    finds: /runbooks lacks SYSTEM_VARIABLES_ADMIN/,
    severity: 'bad',
    db2Detail: {
      grants: [
        'GRANT SELECT, INSERT, PROCESS, RELOAD, EVENT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `runbooks`@`10.%`',
        'GRANT CONNECTION_ADMIN,REPLICATION_SLAVE_ADMIN,SERVICE_CONNECTION_ADMIN,SESSION_VARIABLES_ADMIN,XA_RECOVER_ADMIN,SYSTEM_USER,SET_ANY_DEFINER ON *.* TO `runbooks`@`10.%`',
      ],
    },
    fix: ["GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO 'runbooks'@'10.%'; -- on the primary: it replicates"],
  },
  {
    finds: /lacks SUPER/,
    severity: 'bad',
    count: 2,
    db2: { release: '5.7', version: '5.7.22-log' },
    db2Detail: {
      grants: [
        "GRANT SELECT, INSERT, PROCESS, RELOAD, EVENT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'runbooks'@'%'",
      ],
      atBoot: soundDetail().atBoot,
    },
  },
  {
    finds: /open transactions could not be read: denied/,
    severity: 'warn',
    db2Detail: { notRead: [{ part: 'open transactions', because: 'denied' }] },
  },
  // surroundings
  {
    finds: /no heartbeat row in runbooks.heartbeat/,
    severity: 'bad',
    on: 'db1',
    db1: { heartbeat: null },
    fix: ['CREATE TABLE x;'],
  },
  { finds: /no promotion is recorded/, severity: 'note', on: 'db1', db1: { epoch: null } },
  {
    finds: /not InnoDB: shop.old \(MyISAM\)/,
    severity: 'warn',
    db2Detail: { nonInnodbTables: ['shop.old (MyISAM)'] },
    fix: [/ALTER TABLE `shop`.`old` ENGINE = InnoDB/],
  },
  { finds: /clock is 900 ms behind/, severity: 'warn', db2Detail: { clockSkewMs: -900 } },
  { finds: /purged after 2 h/, severity: 'warn', db2Variables: { binlog_expire_logs_seconds: '7200' } },
  { finds: /CLONE plugin is not loaded/, severity: 'note', db2Detail: { plugins: [] } },
  { finds: /not encrypted/, severity: 'warn', on: 'orders', cluster: { tls: { mode: 'off' } } },
  { finds: /certificates are not checked/, severity: 'note', on: 'orders', cluster: { tls: { mode: 'encrypt' } } },
  {
    finds: /no adminPort/,
    severity: 'note',
    on: 'db1',
    count: 3,
    cluster: { instances: ['db1', 'db2', 'db3'].map((name) => instance(name)) },
  },
  {
    finds: /feeds a replica that is not in the inventory, server_uuid/,
    severity: 'bad',
    on: 'db1',
    db1: { feeds: [uuidOf('db2'), uuidOf('db3'), uuidOf('db9')] },
  },
];
