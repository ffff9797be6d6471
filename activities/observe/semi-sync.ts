import { type SemiSyncFacts } from '../../workflows/decisions/facts';

/** `rpl_semi_sync_*` variables and `Rpl_semi_sync_*` status together, names in lower case. */
export type SemiSyncValues = ReadonlyMap<string, string>;

/**
 * Both generations of the plugin keep the same facts under two names (source/replica since 8.0.26, before: master/slave).
 * Source: MySQL manual, "Semisynchronous Replication", "Server Status Variables".
 */
export function semiSyncFrom(values: SemiSyncValues): SemiSyncFacts {
  const get = (name: string) =>
    values.get(`rpl_semi_sync_${name}`) ??
    values.get(`rpl_semi_sync_${name.replace('source', 'master').replace('replica', 'slave')}`);
  const on = (name: string) => get(name) === 'ON';
  const number = (name: string) => Number(get(name) ?? 0);
  return {
    sourceInstalled: get('source_enabled') !== undefined,
    replicaInstalled: get('replica_enabled') !== undefined,
    sourceEnabled: on('source_enabled'),
    replicaEnabled: on('replica_enabled'),
    sourceActive: on('source_status'),
    replicaActive: on('replica_status'),
    waitForReplicaCount: number('source_wait_for_replica_count'),
    waitNoReplica: on('source_wait_no_replica'),
    timeoutMs: number('source_timeout'),
    acknowledgers: number('source_clients'),
    waitingSessions: number('source_wait_sessions'),
    unacknowledged: number('source_no_tx'),
  };
}
