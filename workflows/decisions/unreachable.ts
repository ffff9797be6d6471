import { type Cluster } from './cluster';
import { type RouterView } from './evidence';
import { type FenceFindings } from './fence';
import { type FailoverPlan, type Risk } from './plan';
import { type WhenUnreachable, whenUnreachable } from './router';

/** Routers that gave no answer. One that answers and cannot be driven as it is configured is something else: nothing brings it back. */
export const unreached = (views: readonly RouterView[]): string[] =>
  views.filter(({ writers, misconfigured }) => writers === null && !misconfigured).map(({ router }) => router);

const withPolicy = ({ routers }: Cluster, names: readonly string[], policy: WhenUnreachable): string[] =>
  routers.filter((router) => names.includes(router.name) && whenUnreachable(router) === policy).map(({ name }) => name);

/** A planned change may be begun without these: their owner has said what then. */
export const dispensable = (cluster: Cluster, views: readonly RouterView[]): string[] =>
  (['ask', 'fence'] as const).flatMap((policy) => withPolicy(cluster, unreached(views), policy));

/** What a person must agree to before anything is done. Without the words of the error: another reason is not another plan. */
export const risksOfAbsence = (cluster: Cluster, views: readonly RouterView[]): Risk[] =>
  withPolicy(cluster, unreached(views), 'ask').map(goOnWithout);

const goOnWithout = (router: string): Risk => ({
  code: 'ROUTER_AWAY',
  invariant: null,
  sentence: `router ${router} cannot be reached, and nobody goes on without it unasked: its clients stay where it leads them until it is reached again`,
});

/** What an approver should know beforehand of those that need no word of his. */
export const notesOfAbsence = (cluster: Cluster, views: readonly RouterView[], oldPrimary: string): string[] =>
  withPolicy(cluster, unreached(views), 'fence').map(
    (router) =>
      `router ${router} cannot be reached and is gone on without: ${oldPrimary} itself is proved fenced before writes open, so nobody writes there who comes in by it`,
  );

export interface Absence {
  /** Routers without which nothing is opened while the old primary has not been fenced itself. */
  readonly mustFence: readonly string[];
  /** What nobody was asked before the fence. */
  readonly ask: readonly Risk[];
}

/**
 * Behind the fence: what stands against going on without the routers that could not be reached. Only the old primary's own word or its
 * fence command counts: a server that is starved of acknowledgements still takes statements from whoever is led to it.
 */
export function judgeAbsence(
  cluster: Cluster,
  { risks }: Pick<FailoverPlan, 'risks'>,
  { routers, superReadOnly, command }: Pick<FenceFindings, 'routers' | 'superReadOnly' | 'command'>,
): Absence {
  const away = routers.filter(({ unreachable }) => unreachable === true).map(({ router }) => router);
  const agreed = risks.map(({ sentence }) => sentence);
  return {
    mustFence: superReadOnly.set || command?.succeeded === true ? [] : withPolicy(cluster, away, 'fence'),
    ask: withPolicy(cluster, away, 'ask')
      .map(goOnWithout)
      .filter(({ sentence }) => !agreed.includes(sentence)),
  };
}
