import { type Cluster, instanceNamed } from '../cluster';
import { channelOf, type ClusterSnapshot, type InstanceFacts, readable } from '../facts';

export interface SourceChoice {
  /** Inventory name; null = nobody, see `because`. */
  readonly source: string | null;
  /** It takes the writes: it has no applier that could stand still. */
  readonly isPrimary: boolean;
  readonly because: string;
  readonly cure: string;
}

interface Asked {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly primary: string | null;
  /** Named by whoever ordered the backup. */
  readonly from: string | null;
}

/**
 * Where a backup is taken: a replica that follows, never the primary unless it is alone, and not the only one that acknowledges its
 * commits; declared backup sources first, then those without a delay, then the least lag. Never throws.
 */
export function chooseSource({ cluster, snapshot, primary, from }: Asked): SourceChoice {
  const members = readable(snapshot.members);
  const primaryFacts = members.find(({ name }) => name === primary);
  const judged = members
    .filter(({ name }) => name !== primary)
    .map((facts) => ({ facts, against: whyNot(facts, primaryFacts) }));
  const chosen = (facts: InstanceFacts, because: string): SourceChoice => ({
    ...{ source: facts.name, isPrimary: facts.name === primary, because, cure: '' },
  });
  if (from !== null) {
    const named = members.find(({ name }) => name === from);
    if (!named) return nobody(`${from} cannot be read, or is no instance of ${cluster.name}`, 'name another one');
    const against = judged.find(({ facts }) => facts.name === from)?.against ?? null;
    if (against !== null && against !== ONLY_ACKNOWLEDGER) return nobody(`${from} ${against}`, 'name another one');
    return chosen(named, `${from} was named${against === null ? '' : `, although it ${against}`}`);
  }
  const fit = judged.filter(({ against }) => against === null).map(({ facts }) => facts);
  const [best] = [...fit].sort((one, other) => compare(rank(cluster, one), rank(cluster, other)));
  if (best) {
    const lag = best.heartbeat ? `, ${best.heartbeat.ageMs} ms behind` : '';
    const declared = instanceNamed(cluster, best.name)?.backupSource === true ? ' is declared for it' : ' follows';
    return chosen(best, `${best.name}${declared}${lag}${others(judged, best)}`);
  }
  if (cluster.instances.length === 1 && primaryFacts) return chosen(primaryFacts, `${primaryFacts.name} is alone`);
  const reasons = judged.map(({ facts, against }) => `${facts.name} ${against ?? ''}`);
  return nobody(
    `no replica can be copied: ${reasons.join('; ') || 'none can be read'}`,
    'mend it, or name one with {"from": "…"}',
  );
}

const nobody = (because: string, cure: string): SourceChoice => ({ source: null, isPrimary: false, because, cure });

const ONLY_ACKNOWLEDGER = 'is the only one that acknowledges the commits of the primary';

function whyNot(facts: InstanceFacts, primary: InstanceFacts | undefined): string | null {
  const channel = channelOf(facts);
  if (!channel) return 'copies from nobody';
  if (channel.applierError) return `has stopped on an error (${channel.applierError.code})`;
  if (channel.applier !== 'running') return 'does not apply';
  if (channel.receiver !== 'running') return 'does not receive';
  if (facts.gtid.mode !== 'ON') return 'has no GTIDs';
  const { semiSync } = facts;
  const needed = primary?.semiSync.sourceEnabled === true ? primary.semiSync.waitForReplicaCount : 0;
  if (needed > 0 && semiSync.replicaActive && (primary?.semiSync.acknowledgers ?? 0) <= needed)
    return ONLY_ACKNOWLEDGER;
  return null;
}

/** The lower, the better; compared from the left. */
function rank(cluster: Cluster, facts: InstanceFacts): readonly [number, number, number, string] {
  const instance = instanceNamed(cluster, facts.name);
  return [
    instance?.backupSource === true ? 0 : 1,
    (instance?.delaySeconds ?? 0) > 0 || (channelOf(facts)?.delaySeconds ?? 0) > 0 ? 1 : 0,
    facts.heartbeat?.ageMs ?? Number.MAX_SAFE_INTEGER,
    facts.name,
  ];
}

function compare(one: ReturnType<typeof rank>, other: ReturnType<typeof rank>): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  const [a, b] = [one[at] ?? 0, other[at] ?? 0];
  return at < 0 ? 0 : a < b ? -1 : 1;
}

const others = (
  judged: readonly { readonly facts: InstanceFacts; readonly against: string | null }[],
  best: InstanceFacts,
): string =>
  judged
    .filter(({ facts, against }) => facts !== best && against !== null)
    .map(({ facts, against }) => `; ${facts.name} ${against ?? ''}`)
    .join('');
