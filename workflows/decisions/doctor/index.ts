import { type Cluster } from '../cluster';
import { type ClusterSnapshot } from '../facts';
import { type Finding, fleetOf, type Rule, type Severity, type Surroundings } from './finding';
import { strangers, uniqueIds, versionMix } from './identity';
import { privileges } from './privileges';
import { readOnlyAtBoot, writableReplica } from './read-only';
import { channelShape, filters } from './replication-shape';
import { channelTiming, netTimeout } from './replication-timing';
import { semiSync } from './semi-sync';
import { routing } from './routing';
import { settings } from './settings';
import {
  adminPort,
  clockSkew,
  clonePlugin,
  nonInnodb,
  ourTables,
  retention,
  startedByNobody,
  transport,
  unreadableMembers,
} from './surroundings';

export { type Finding, type Severity } from './finding';
export { renderDoctor } from './render';

const RULES: readonly Rule[] = [
  unreadableMembers,
  settings,
  semiSync,
  readOnlyAtBoot,
  writableReplica,
  netTimeout,
  channelTiming,
  channelShape,
  filters,
  uniqueIds,
  versionMix,
  strangers,
  privileges,
  ourTables,
  nonInnodb,
  clockSkew,
  retention,
  clonePlugin,
  startedByNobody,
  adminPort,
  transport,
  routing,
];

const ORDER: readonly Severity[] = ['bad', 'warn', 'note'];

/**
 * Grade a full look at a cluster by what decides RTO and RPO. Worst first, in the inventory's order; empty when all is well.
 */
export function examine(
  snapshot: ClusterSnapshot,
  cluster: Cluster,
  { createTables = [], routers = [] }: Surroundings = {},
): Finding[] {
  const fleet = fleetOf(snapshot, cluster, { createTables, routers });
  const place = (name: string) => cluster.instances.findIndex((instance) => instance.name === name);
  return RULES.flatMap((rule) => rule(fleet)).sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || place(a.instance) - place(b.instance),
  );
}
