import { type Cluster, type Instance, type SecretReference } from '../../workflows/decisions/cluster';
import {
  type ClusterSnapshot,
  type InstanceFacts,
  readable,
  type Release,
  unreadable,
} from '../../workflows/decisions/facts';
import { primaryOf } from '../../workflows/decisions/topology';
import { judgeUpgrade, type Precheck, upgradePath } from '../../workflows/decisions/upgrade';
import { RELEASES } from '../../workflows/decisions/upgrade/releases';
import { knownInstance } from '../deps';
import { RunbookError } from '../errors';
import { type Servers } from '../mysql/mysql';
import { lookAtCluster } from '../observe/cluster';
import { askOfficialChecker } from './official-checker';
import { readSchema } from './read-schema';
import { readSettings } from './read-settings';

export interface PrecheckOrder {
  readonly to: Release;
  /** Member on which schemas and accounts are read; left out = a replica that follows, else the primary. */
  readonly on?: string;
  /** Read all rows of tables with dates, and CHECK TABLE … FOR UPGRADE: scans. */
  readonly deep: boolean;
  /** Why steps in between are left out; null = they are not. */
  readonly inOneStep: string | null;
}

export interface PrecheckDeps {
  readonly servers: Servers;
  readonly secret: (reference: SecretReference) => Promise<string>;
}

/**
 * What stands between a cluster and a release: reads settings of every member and schemas of one, then judges. Reads only, so a repeat is
 * safe. Bodies of programs stay here: only the findings leave.
 * Throws INVALID_INPUT (no way from here to there), HOST_UNREACHABLE (no member, or not the one that was asked for, could be read), WRONG_SERVER.
 */
export async function precheckUpgrade(deps: PrecheckDeps, cluster: Cluster, order: PrecheckOrder): Promise<Precheck> {
  const snapshot = await lookAtCluster(deps.servers, cluster, { full: true });
  const members = readable(snapshot.members);
  const subject = subjectOf(snapshot, cluster, order.on);
  const from = RELEASES.find((release) => members.some((member) => member.release === release)) ?? subject.release;
  const verdict = upgradePath(from, order.to, order.inOneStep);
  if (!verdict.possible)
    throw new RunbookError({ code: 'INVALID_INPUT', message: verdict.because, hint: verdict.cure });

  const at = (name: string): Instance => knownInstance(cluster, name);
  const [servers, schema, official] = await Promise.all([
    Promise.all(members.map((member) => readSettings(deps.servers.of(cluster, at(member.name)), member))),
    readSchema(deps.servers.of(cluster, at(subject.name)), subject, order.deep),
    askOfficialChecker(deps, cluster, at(subject.name), order.to),
  ]);
  const dark = unreadable(snapshot.members).map(({ name, reason, detail }) => ({
    part: `member ${name}`,
    because: `${reason} (${detail})`,
  }));
  return judgeUpgrade(cluster, verdict.path, servers, { ...schema, notRead: [...dark, ...schema.notRead] }, official);
}

/** Big reads go to a replica that has it all; the primary is asked when there is none. */
function subjectOf(snapshot: ClusterSnapshot, cluster: Cluster, on: string | undefined): InstanceFacts {
  const members = readable(snapshot.members);
  if (on !== undefined) knownInstance(cluster, on);
  const { primary } = primaryOf(snapshot, cluster);
  const follows = members.find(
    ({ name, channels }) =>
      name !== primary &&
      channels.length > 0 &&
      channels.every(({ applier, delaySeconds }) => applier === 'running' && delaySeconds === 0),
  );
  const wanted = on ?? follows?.name ?? primary;
  const subject = wanted === null ? members[0] : members.find(({ name }) => name === wanted);
  if (subject) return subject;
  throw new RunbookError({
    code: 'HOST_UNREACHABLE',
    message: on === undefined ? `no member of ${cluster.name} could be read` : `${on} could not be read`,
    hint: 'Run `runbook topology` to see why; a precheck needs one member that answers.',
  });
}
