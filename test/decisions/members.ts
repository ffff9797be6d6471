import { type Cluster, type Instance } from '../../workflows/decisions/cluster';
import {
  type ChannelFacts,
  type ClusterSnapshot,
  type InstanceDetail,
  type InstanceFacts,
  type Member,
  type UnreadableReason,
} from '../../workflows/decisions/facts';

/** Facts for tables of decisions: each builder gives a sound member, and a test names only what its incident changes. */
export const uuidOf = (name: string): string =>
  `${name.padEnd(8, '0').slice(0, 8)}-0000-0000-0000-000000000000`.replace(/[^0-9a-f-]/g, 'a');

const portOf = (name: string): number => 3300 + Number(/\d+$/.exec(name)?.[0] ?? 0);

export const instance = (name: string, change: Partial<Instance> = {}): Instance => ({
  name,
  host: '10.0.0.1',
  port: portOf(name),
  datacentre: 'a',
  promotion: 'neutral',
  delaySeconds: 0,
  backupSource: false,
  ...change,
});

export const clusterOf = (names: readonly string[], change: Partial<Cluster> = {}): Cluster => ({
  name: 'orders',
  durability: 'semi-sync',
  instances: names.map((name) => instance(name)),
  accounts: {
    admin: { user: 'runbooks', password: { env: 'ADMIN' } },
    replication: { user: 'repl', password: { env: 'REPL' } },
  },
  routers: [],
  failover: {
    mode: 'approve',
    holdDownSeconds: 1,
    atMost: { failovers: 1, perMinutes: 60 },
    approvalMinutes: 10,
    applyStallSeconds: 30,
  },
  tls: { mode: 'encrypt' },
  schema: 'runbooks',
  ...change,
});

export const channelTo = (source: string, change: Partial<ChannelFacts> = {}): ChannelFacts => ({
  name: '',
  sourceHost: '10.0.0.1',
  sourcePort: portOf(source),
  sourceUuid: uuidOf(source),
  autoPosition: true,
  receiver: 'running',
  applier: 'running',
  receiverError: null,
  applierError: null,
  retrieved: '',
  silentForMs: 100,
  delaySeconds: 0,
  heartbeatPeriodSeconds: 0.5,
  connectRetrySeconds: 1,
  retryCount: 86_400,
  filters: [],
  ...change,
});

export const primary = (name: string, change: Partial<InstanceFacts> = {}): InstanceFacts => ({
  name,
  host: '10.0.0.1',
  port: portOf(name),
  readable: true,
  serverUuid: uuidOf(name),
  serverId: portOf(name),
  version: '9.7.4',
  release: '9.7',
  uptimeSeconds: 1000,
  readOnly: false,
  superReadOnly: false,
  gtid: { mode: 'ON', executed: '', purged: '' },
  channels: [],
  feeds: [],
  semiSync: {
    sourceInstalled: true,
    replicaInstalled: true,
    sourceEnabled: true,
    replicaEnabled: false,
    sourceActive: true,
    replicaActive: false,
    waitForReplicaCount: 1,
    waitNoReplica: true,
    timeoutMs: 10_000,
    acknowledgers: 2,
    waitingSessions: 0,
    unacknowledged: 0,
  },
  heartbeat: { writtenBy: uuidOf('db1'), ageMs: 120 },
  epoch: null,
  roundTripMs: 0.4,
  detail: null,
  ...change,
});

export const replica = (
  name: string,
  source: string,
  change: Partial<InstanceFacts> = {},
  channel: Partial<ChannelFacts> = {},
): InstanceFacts => {
  const base = primary(name);
  return {
    ...base,
    readOnly: true,
    superReadOnly: true,
    channels: [channelTo(source, channel)],
    semiSync: {
      ...base.semiSync,
      sourceEnabled: false,
      sourceActive: false,
      replicaEnabled: true,
      replicaActive: true,
      acknowledgers: 0,
    },
    ...change,
  };
};

export const silent = (name: string, reason: UnreadableReason = 'timed out'): Member => ({
  name,
  host: '10.0.0.1',
  port: portOf(name),
  readable: false,
  reason,
  detail: `${name}: connecting took more than 700 ms`,
});

export const snapshotOf = (...members: readonly Member[]): ClusterSnapshot => ({
  cluster: 'orders',
  takenAt: '2026-01-01T00:00:00.000Z',
  members,
});

export const executed = (text: string): Pick<InstanceFacts, 'gtid'> => ({
  gtid: { mode: 'ON', executed: text, purged: '' },
});

/** A full look at a server on which doctor finds nothing. */
export const soundDetail = (change: Partial<InstanceDetail> = {}): InstanceDetail => {
  const variables = {
    log_bin: 'ON',
    gtid_mode: 'ON',
    enforce_gtid_consistency: 'ON',
    binlog_format: 'ROW',
    log_replica_updates: 'ON',
    sync_binlog: '1',
    innodb_flush_log_at_trx_commit: '1',
    relay_log_recovery: 'ON',
    replica_net_timeout: '2',
    replica_preserve_commit_order: 'ON',
    replica_parallel_workers: '4',
    super_read_only: 'ON',
    read_only: 'ON',
    binlog_expire_logs_seconds: '604800',
    binlog_expire_logs_auto_purge: 'ON',
    rpl_semi_sync_source_wait_point: 'AFTER_SYNC',
    rpl_semi_sync_source_timeout: '10000',
    binlog_do_db: '',
    binlog_ignore_db: '',
    offline_mode: 'OFF',
    max_connections: '200',
    admin_port: '33062',
  };
  return {
    variables,
    atBoot: variables,
    transactions: [],
    preparedXa: [],
    events: [],
    nonInnodbTables: [],
    grants: ['GRANT ALL PRIVILEGES ON *.* TO `runbooks`@`%` WITH GRANT OPTION'],
    plugins: ['clone', 'rpl_semi_sync_source', 'rpl_semi_sync_replica'],
    clockSkewMs: 3,
    recordsLocks: true,
    jobs: [],
    schemaChanges: [],
    ...change,
  };
};
