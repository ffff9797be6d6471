import { provisioningOf } from '../../workflows/decisions/hosts';
import { bandwidthFor } from '../../workflows/decisions/provision/throttle';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverNamed } from '../deps';

const LOOK_EVERY_MS = 2_000;
const ANSWER_WITHIN = { deadlineMs: 1_500 };

export interface Throttle {
  /** Megabytes a second that the donor may give from now on; 0 = no limit. Looks no more often than every two seconds. */
  (rate: number): Promise<{ readonly megabytes: number; readonly because: string }>;
}

/** Watches the donor against the primary while data is copied: how long it has been behind what the primary had committed. */
export function openThrottle(deps: Deps, cluster: Cluster, donor: string, primary: string): Throttle {
  const policy = provisioningOf(cluster);
  let [lookedAt, megabytes, because] = [-Infinity, policy.maxMegabytesPerSecond, 'it keeps up'];
  let mark: { readonly gtids: string; readonly atMs: number } | null = null;
  const executed = async (name: string): Promise<{ gtids: string; closed: number } | null> => {
    const [row] = await serverNamed(deps, cluster, name)
      .rows<{ gtids: string; closed: number }>(
        'SELECT @@global.gtid_executed AS gtids, @@global.read_only AS closed',
        [],
        ANSWER_WITHIN,
      )
      .catch(() => []);
    return row ?? null;
  };
  const contained = async (gtids: string): Promise<boolean> =>
    (await serverNamed(deps, cluster, donor)
      .value('SELECT GTID_SUBSET(?, @@global.gtid_executed)', [gtids], ANSWER_WITHIN)
      .catch(() => 0)) === 1;
  return async (rate) => {
    const nowMs = performance.now();
    if (nowMs - lookedAt < LOOK_EVERY_MS) return { megabytes, because };
    lookedAt = nowMs;
    const committed = await executed(primary);
    const primaryWell = committed !== null && committed.closed === 0;
    if (committed && (mark === null || (await contained(mark.gtids)))) mark = { gtids: committed.gtids, atMs: nowMs };
    const donorLagSeconds = donor === primary || mark === null ? 0 : (nowMs - mark.atMs) / 1000;
    megabytes = bandwidthFor({ donorLagSeconds, primaryWell, now: megabytes, rate: rate / 1e6 }, policy);
    because = !primaryWell
      ? `${primary} does not answer, or takes no writes`
      : `${donor} is ${Math.round(donorLagSeconds)} s behind`;
    return { megabytes, because };
  };
}
