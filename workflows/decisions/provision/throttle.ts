import { type ProvisioningPolicy } from '../hosts';

export interface ThrottleFacts {
  /** How long the donor has been behind what the primary had committed; 0 = it keeps up. */
  readonly donorLagSeconds: number;
  /** The primary answers and takes writes. */
  readonly primaryWell: boolean;
  /** Megabytes a second that it may give now; 0 = no limit. */
  readonly now: number;
  /** Megabytes a second that came of late. */
  readonly rate: number;
}

/** CLONE cannot stand still: this is as slow as it goes. */
export const SLOWEST = 1;

/**
 * How much the donor may give from now on, in megabytes a second; 0 = no limit. While the cluster is not well it gives next to nothing; while
 * it falls behind, half as much each time; when it keeps up, twice as much, up to the limit.
 */
export function bandwidthFor(facts: ThrottleFacts, policy: ProvisioningPolicy): number {
  const limit = policy.maxMegabytesPerSecond;
  const { now, rate, donorLagSeconds, primaryWell } = facts;
  if (!primaryWell) return SLOWEST;
  if (donorLagSeconds > policy.donorLagSeconds) return Math.max(SLOWEST, Math.floor((now === 0 ? rate : now) / 2));
  if (now === limit || now === 0) return limit;
  if (donorLagSeconds > policy.donorLagSeconds / 2) return now;
  const more = now * 2;
  // Nobody is held back by a limit far above what comes.
  return limit === 0 ? (more > 4 * Math.max(rate, 64) ? 0 : more) : Math.min(limit, more);
}
