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

/** What a donor may give from now on, and why. */
export interface Given {
  /** Megabytes a second; 0 = no limit. */
  readonly megabytes: number;
  /** The cluster is not well: who can stand still does. */
  readonly standsStill: boolean;
  /** No number that changes all the time: each line that is told stays in the run's history. */
  readonly because: string;
}

export function give(
  facts: ThrottleFacts,
  policy: ProvisioningPolicy,
  { donor, primary }: { readonly donor: string; readonly primary: string },
): Given {
  const megabytes = bandwidthFor(facts, policy);
  const because = (): string => {
    if (!facts.primaryWell) return `${primary} does not answer, or takes no writes`;
    if (facts.donorLagSeconds > policy.donorLagSeconds)
      return `${donor} is more than ${policy.donorLagSeconds} s behind`;
    return megabytes === policy.maxMegabytesPerSecond ? 'as the inventory says' : `${donor} was behind`;
  };
  return { megabytes, standsStill: !facts.primaryWell, because: because() };
}

/** To be put behind the name of a stage; '' = nothing holds it back. */
export const tellGiven = ({ megabytes, because }: Given): string =>
  megabytes === 0 ? '' : ` (at most ${megabytes} MB/s: ${because})`;
