import { createHash } from 'node:crypto';
import { type Cluster } from '../../workflows/decisions/cluster';
import { chooseSource, type PossibleSource, type SourceChoice } from '../../workflows/decisions/archive/source';
import { readable } from '../../workflows/decisions/facts';
import { type GtidSet } from '../../workflows/decisions/gtid-set';
import { primaryOf } from '../../workflows/decisions/topology';
import { type Deps, knownInstance, serverNamed, words } from '../deps';
import { type Login } from '../mysql/line';
import { tlsOptions } from '../mysql/tls';
import { lookAtCluster } from '../observe/cluster';
import { type Dump, openDump } from './stream/dump';

export interface Chosen extends SourceChoice {
  readonly uuid: string;
  /** Purged at the source: it cannot send that. */
  readonly purged: string;
}

/** Look at every member, and choose. A member that cannot be read is passed over. */
export async function lookForSource(
  deps: Deps,
  cluster: Cluster,
  have: GtidSet,
  current: string | null,
): Promise<Chosen> {
  const snapshot = await lookAtCluster(deps.servers, cluster, { full: false });
  const members = readable(snapshot.members);
  const able = await Promise.all(
    members.map(async (member): Promise<PossibleSource> => {
      const { name, gtid } = member;
      const delaySeconds = cluster.instances.find((one) => one.name === name)?.delaySeconds ?? 0;
      return { name, gtid, delaySeconds, logsUpdates: await logsUpdates(deps, cluster, name) };
    }),
  );
  const choice = chooseSource(able, { have, primary: primaryOf(snapshot, cluster).primary, current });
  const found = members.find(({ name }) => name === choice.source);
  return { ...choice, uuid: found?.serverUuid ?? '', purged: found?.gtid.purged ?? '' };
}

async function logsUpdates(deps: Deps, cluster: Cluster, name: string): Promise<boolean> {
  const rows = await serverNamed(deps, cluster, name)
    .rows<{ Value: string }>(
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_replica_updates', 'log_slave_updates')",
    )
    .catch(() => []);
  return rows.some(({ Value }) => Value === 'ON');
}

/** The stream of all that `name` has and we have not, by the replication account. Throws the driver's error. */
export async function openStream(deps: Deps, cluster: Cluster, name: string, excluded: GtidSet): Promise<Dump> {
  const { host, port } = knownInstance(cluster, name);
  const { user, password } = cluster.accounts.replication;
  const ssl = await tlsOptions(cluster.tls);
  const login: Login = { host, port, user, password: await deps.secret(password), ...(ssl && { ssl }) };
  return openDump(login, { excluded, ...identityOf(cluster.name) });
}

/**
 * The archive of a cluster is always the same replica: a source then ends the session that a dead worker has left. The number lies where
 * people's own server ids seldom do.
 */
export function identityOf(cluster: string): { readonly serverId: number; readonly uuid: string } {
  const hash = createHash('sha256').update(`mysql-runbooks archive of ${cluster}`).digest();
  const uuid = hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { serverId: 3_000_000_000 + (hash.readUInt32LE(16) % 1_000_000_000), uuid };
}

/** What the driver said, without what it may have sent. */
export const streamWords = (error: unknown): string => words(error).slice(0, 300);
