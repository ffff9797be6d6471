import { type Cluster } from './cluster';
import { type RouterView, type Sighting } from './evidence';
import { channelOf, type ClusterSnapshot, readable, unreadable, type UnreadableInstance } from './facts';
import { type PlanWithoutHash, type Risk } from './plan';
import { sourceOf } from './topology';
import { risksOfAbsence } from './unreachable';

/**
 * The primary is well, but clients behind a router do not reach it: a run was stopped behind the fence, a router was away while the
 * others were pointed, or somebody turned it by hand. null = every router that can be read leads to the primary.
 */
export function planReroute({ snapshot, routers }: Sighting, primary: string): PlanWithoutHash | null {
  const astray = routers.filter((router) => router.writers !== null && !router.writers.includes(primary));
  if (astray.length === 0) return null;
  return {
    kind: 'reroute',
    oldPrimary: primary,
    newPrimary: primary,
    fetchFrom: null,
    target: '',
    ranking: [],
    repoint: {},
    risks: isFollowed(snapshot, primary) ? [] : unreadable(snapshot.members).map(tellUnseen),
    rpo: null,
    summary: `${primary} is the primary, but ${astray.map(tellAstray).join(', ')}: point every router at ${primary}`,
  };
}

/** Whoever opens another server stops every receiver first: one that still runs says that nobody did. */
const isFollowed = ({ members }: ClusterSnapshot, primary: string): boolean =>
  readable(members).some(
    (member) => channelOf(member)?.receiver === 'running' && sourceOf(members, member)?.name === primary,
  );

const tellUnseen = ({ name, reason }: UnreadableInstance): Risk => ({
  code: 'RIVAL_UNSEEN',
  invariant: 1,
  sentence: `${name} cannot be read (${reason}) and nobody follows the primary: the router may have been turned away because ${name} was opened`,
});

const tellAstray = ({ router, writers }: RouterView): string =>
  writers?.length ? `router ${router} leads to ${writers.join(' and ')}` : `router ${router} leads to no server`;

/** Before anything is fenced: a router that cannot be pointed at the new primary leaves its clients without one. */
export const risksOfRouters = (cluster: Cluster, routers: readonly RouterView[]): Risk[] => [
  ...routers
    .filter((router) => router.misconfigured)
    .map(({ because }) => ({
      code: 'ROUTER_UNUSABLE',
      invariant: null,
      sentence: `${because}; clients behind it would stay without a primary`,
    })),
  ...risksOfAbsence(cluster, routers),
];
