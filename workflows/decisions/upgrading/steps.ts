import { type Release } from '../facts';
import { type Refusal } from '../refusal';
import { RELEASES } from '../upgrade/releases';

export const isOlder = (one: Release, other: Release): boolean => RELEASES.indexOf(one) < RELEASES.indexOf(other);

/**
 * May a cluster go from one release to another at once? One supported step is allowed, more than one only with a person's reason. Null
 * when it may.
 */
export function whyNotThisStep(from: Release, to: Release, reason: string | null): Refusal | null {
  const [start, end] = [RELEASES.indexOf(from), RELEASES.indexOf(to)];
  if (end === start)
    return { sentence: `the cluster runs ${to} already`, cure: 'there is nothing to do; name the next release' };
  if (end < start)
    return {
      sentence: `the cluster runs ${from}, and no server takes over the data of a newer series: ${to} is older`,
      cure: 'while an upgrade keeps its way back, runbook go-back; afterwards only a backup of the older series',
    };
  const next = RELEASES[start + 1] ?? to;
  if (next === to || reason !== null) return null;
  return {
    sentence: `${from} to ${to} skips ${RELEASES.slice(start + 1, end).join(', ')}, which MySQL does not support`,
    cure: `upgrade to ${next} first, or give a reason: --input '{"to": "${to}", "forced": "why"}'`,
  };
}
