import { type Cluster, instanceNamed } from '../../workflows/decisions/cluster';
import { type LastSeen } from '../../workflows/decisions/evidence';
import { type ClusterSnapshot, readable } from '../../workflows/decisions/facts';
import { type Servers } from '../mysql/mysql';

/** The few things that are read several times a second. */
export interface Vitals {
  readonly uuid: string;
  readonly readOnly: boolean;
  readonly gtidExecuted: string;
  readonly semiSyncActive: boolean | null;
  readonly unacknowledged: number;
  readonly waitForReplicaCount: number;
  readonly patientForMs: number;
}

interface Row {
  uuid: string;
  readOnly: number;
  gtidExecuted: string;
  active: string | null;
  unacknowledged: string | null;
  waitFor: string | null;
  timeoutMs: string | null;
  waitNoReplica: string | null;
}

const status = (...names: string[]): string =>
  `(SELECT MAX(VARIABLE_VALUE) FROM performance_schema.global_status WHERE VARIABLE_NAME IN (${names.map((name) => `'${name}'`).join(', ')}))`;
const variable = (...names: string[]): string =>
  `(SELECT MAX(VARIABLE_VALUE) FROM performance_schema.global_variables WHERE VARIABLE_NAME IN (${names.map((name) => `'${name}'`).join(', ')}))`;

const VITALS = `SELECT @@server_uuid AS uuid, @@global.read_only AS readOnly, @@global.gtid_executed AS gtidExecuted,
  ${status('Rpl_semi_sync_source_status', 'Rpl_semi_sync_master_status')} AS active,
  ${status('Rpl_semi_sync_source_no_tx', 'Rpl_semi_sync_master_no_tx')} AS unacknowledged,
  ${variable('rpl_semi_sync_source_wait_for_replica_count', 'rpl_semi_sync_master_wait_for_slave_count')} AS waitFor,
  ${variable('rpl_semi_sync_source_timeout', 'rpl_semi_sync_master_timeout')} AS timeoutMs,
  ${variable('rpl_semi_sync_source_wait_no_replica', 'rpl_semi_sync_master_wait_no_slave')} AS waitNoReplica`;

/** One cheap statement on a kept connection; null when the answer did not come in time or at all. */
export async function readVitals(
  servers: Servers,
  cluster: Cluster,
  primary: string,
  deadlineMs: number,
): Promise<Vitals | null> {
  const instance = instanceNamed(cluster, primary);
  if (!instance) return null;
  try {
    const [row] = await servers.of(cluster, instance).rows<Row>(VITALS, [], { deadlineMs });
    if (!row) return null;
    return {
      uuid: row.uuid,
      readOnly: row.readOnly === 1,
      gtidExecuted: row.gtidExecuted,
      semiSyncActive: row.active === null ? null : row.active === 'ON',
      unacknowledged: Number(row.unacknowledged ?? 0),
      waitForReplicaCount: Number(row.waitFor ?? 1),
      patientForMs: row.waitNoReplica === 'ON' ? Number(row.timeoutMs ?? 0) : 0,
    };
  } catch {
    return null;
  }
}

export const seenNow = (
  primary: string,
  vitals: Vitals,
  around: { readonly acknowledgers: readonly string[]; readonly epoch: number | undefined },
  before: LastSeen | null,
): LastSeen => ({
  primary,
  primaryUuid: vitals.uuid,
  gtidExecuted: vitals.gtidExecuted,
  at: new Date().toISOString(),
  committedAt: before?.primary === primary ? before.committedAt : null,
  semiSyncActive: vitals.semiSyncActive,
  acknowledgers: around.acknowledgers,
  epoch: around.epoch,
  waitForReplicaCount: vitals.waitForReplicaCount,
  patientForMs: vitals.patientForMs,
  unacknowledged: vitals.unacknowledged,
});

/** Names of the replicas whose receivers acknowledge. null while nobody does and a replica is out of sight: then the last answer stays. */
export function acknowledgersIn(snapshot: ClusterSnapshot): readonly string[] | null {
  const members = readable(snapshot.members);
  const names = members.filter((member) => member.semiSync.replicaActive).map((member) => member.name);
  // When the source dies its replicas' receivers stop acknowledging at once: that must not erase who acknowledged before.
  return names.length === 0 || members.length < snapshot.members.length ? null : names;
}
