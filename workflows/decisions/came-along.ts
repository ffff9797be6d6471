import { type Cluster } from './cluster';
import { type RouterView } from './evidence';
import { channelOf, type ClusterSnapshot, readable } from './facts';
import { sourceOf } from './topology';

export interface Surroundings {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly routers: readonly RouterView[];
}

/** Routers and replicas that did not follow the primary, a sentence each; `without`: servers that are expected to be away. */
export function leftBehind(
  { cluster, snapshot, routers }: Surroundings,
  primary: string,
  without: readonly string[],
): string[] {
  const members = readable(snapshot.members);
  const expected = cluster.instances
    .map(({ name }) => name)
    .filter((name) => name !== primary && !without.includes(name));
  const replicas = expected.flatMap((name) => {
    const member = members.find((one) => one.name === name);
    if (!member) return [`${name} cannot be read`];
    const channel = channelOf(member);
    if (channel?.receiver !== 'running' || channel.applier !== 'running')
      return [`replication of ${name} does not run`];
    const source = sourceOf(snapshot.members, member)?.name;
    return source !== undefined && [primary, ...expected].includes(source)
      ? []
      : [`${name} follows ${source ?? 'nobody known'}`];
  });
  const elsewhere = routers
    .filter(({ writers }) => writers === null || writers.join() !== primary)
    .map(({ router, writers, because }) =>
      writers === null ? because : `router ${router} leads to ${writers.join(', ') || 'nobody'}, not to ${primary}`,
    );
  return [...replicas, ...elsewhere];
}

/** Who follows whom, by name. */
export const sourcesOf = ({ members }: ClusterSnapshot): Record<string, string> =>
  Object.fromEntries(
    readable(members).flatMap((member) => {
      const source = channelOf(member) ? sourceOf(members, member)?.name : undefined;
      return source === undefined ? [] : [[member.name, source] as const];
    }),
  );
