import { type Cluster } from './cluster';
import { type RouterView } from './evidence';

/** A router that may lead clients to the old server for a while after it was pointed away: what caches were told lives on. */
export interface Lingering {
  readonly router: string;
  readonly seconds: number;
  /** As the inventory has it; a record that lives longer was written by somebody else. */
  readonly declaredSeconds: number;
}

/** By the records as they are where they could be read, else by the inventory. */
export const lingering = ({ routers }: Cluster, views: readonly RouterView[]): Lingering[] =>
  routers
    .filter((router) => router.kind === 'dns')
    .map(({ name, ttlSeconds }) => {
      const seen = views.find(({ router }) => router === name)?.staleForSeconds ?? 0;
      return { router: name, seconds: Math.max(seen, ttlSeconds), declaredSeconds: ttlSeconds };
    });

/** What an approver of a failover should know beforehand. Nothing to agree to: such a router is no fence, whatever else is. */
export const notesOfFailover = (routers: readonly Lingering[], oldPrimary: string): string[] =>
  routers.map(
    ({ router, seconds }) =>
      `router ${router} cuts no sessions, and resolvers may send clients to ${oldPrimary} for up to ${seconds} s after it was pointed away: something else must fence ${oldPrimary}`,
  );

/**
 * The write-gap budget bounds what can be undone: the time before writes open. What caches know lives on after that, whatever the
 * budget is, so it is told beside it instead of being refused by it.
 */
export const notesOfSwitchover = (routers: readonly Lingering[], oldPrimary: string, writeGapMs: number): string[] =>
  routers.map(({ router, seconds }) => {
    const compared =
      seconds * 1000 > writeGapMs
        ? `longer than the ${writeGapMs / 1000} s that clients wait elsewhere at most`
        : `within the ${writeGapMs / 1000} s that clients wait elsewhere at most`;
    return `nobody waits at router ${router}: resolvers may send clients to ${oldPrimary} for up to ${seconds} s after the change, ${compared}; it is read-only from the freeze on, and tells them so`;
  });

/** What is so after the change, for the report. */
export const tellLingering = (
  routers: readonly { readonly router: string; readonly proved: boolean; readonly staleForSeconds?: number }[],
  where: string,
): string[] =>
  routers.flatMap(({ router, proved, staleForSeconds = 0 }) =>
    proved && staleForSeconds > 0
      ? [`resolvers may send clients of router ${router} to ${where} for ${staleForSeconds} s more`]
      : [],
  );
