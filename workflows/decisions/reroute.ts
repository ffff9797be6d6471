import { type RouterView, type Sighting } from './evidence';
import { unreadable } from './facts';
import { type PlanWithoutHash, type Risk } from './plan';

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
    risks: unreadable(snapshot.members)
      .filter((member) => member.name !== primary)
      .map(({ name, reason }): Risk => ({
        code: 'RIVAL_UNSEEN',
        invariant: 1,
        sentence: `${name} cannot be read (${reason}), and a router that does not lead to ${primary} may have been turned because ${name} was opened`,
      })),
    rpo: null,
    summary: `${primary} is the primary, but ${astray.map(tellAstray).join(', ')}: point every router at ${primary}`,
  };
}

const tellAstray = ({ router, writers }: RouterView): string =>
  writers?.length ? `router ${router} leads to ${writers.join(' and ')}` : `router ${router} leads to no server`;

/** Before anything is fenced: a router that cannot be pointed at the new primary leaves its clients without one. */
export const risksOfRouters = (routers: readonly RouterView[]): Risk[] =>
  routers
    .filter((router) => router.misconfigured)
    .map(({ because }) => ({
      code: 'ROUTER_UNUSABLE',
      invariant: null,
      sentence: `${because}; clients behind it would stay without a primary`,
    }));
