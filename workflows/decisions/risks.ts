import { type Cluster } from './cluster';
import { type Diagnosis } from './diagnosis';
import { type Election } from './election';
import { type LastSeen, type Sighting } from './evidence';
import { type ClusterSnapshot, type InstanceFacts, readable } from './facts';
import { contains, parseGtidSet, print, subtract, union } from './gtid-set';
import { type Risk } from './plan';
import { type Rpo } from './report';

interface Promotion {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly diagnosis: Diagnosis;
  readonly election: Election;
  readonly lastSeen: LastSeen | null;
  readonly rpo: Rpo;
}

const risk = (code: string, invariant: number | null, sentence: string): Risk => ({ code, invariant, sentence });

/** Everything about a promotion that a human must agree to. Empty = it may run by itself where the policy is automatic. */
export function risksOfPromotion(promotion: Promotion): Risk[] {
  return [
    ...risksOfDoubt(promotion),
    ...risksOfCandidate(promotion),
    ...risksOfLoss(promotion),
    ...risksOfFence(promotion.cluster, promotion.diagnosis),
  ];
}

function risksOfDoubt({ diagnosis }: Promotion): Risk[] {
  return diagnosis.writesAreOver === 'a human must say' ? [risk('PRIMARY_MAY_LIVE', 7, diagnosis.because)] : [];
}

function risksOfCandidate({ election }: Promotion): Risk[] {
  const chosen = election.ranking.find((one) => one.name === election.chosen);
  if (!chosen) return [];
  const barred = chosen.barred.map((why) =>
    risk('CANDIDATE_BARRED', 4, `${chosen.name} is the only choice left, although: ${why}`),
  );
  const stranded = chosen.notes
    .filter((note) => note.startsWith('runs ') || note.startsWith('has purged'))
    .map((note) => risk('FOLLOWERS_STRANDED', null, `${chosen.name} ${note}`));
  return [...barred, ...stranded];
}

function risksOfLoss({ cluster, election, rpo }: Promotion): Risk[] {
  if (election.missing !== '')
    return [
      risk(
        'KNOWN_LOSS',
        2,
        `the watcher saw ${election.missing} committed on the primary, and no replica that can be read has it`,
      ),
    ];
  // Asynchronous clusters accept an unknown tail by their declared durability; the others promised more.
  if (cluster.durability !== 'async' && !rpo.provablyZero && rpo.because.includes('cannot be read'))
    return [risk('ACKNOWLEDGER_UNSEEN', 2, rpo.because)];
  return [];
}

/** Which fence is in reach, before anything is touched. One is enough; none means that only a human can vouch for it. */
function risksOfFence(cluster: Cluster, diagnosis: Diagnosis): Risk[] {
  const fences =
    cluster.routers.length > 0 ||
    cluster.durability === 'lossless' ||
    cluster.instances.some((instance) => instance.fenceCommand) ||
    diagnosis.state === 'disk full';
  return fences
    ? []
    : [
        risk(
          'NO_FENCE',
          1,
          'no router, no fence command and no endless semi-synchronous wait: nothing can keep clients from the old primary if it wakes up',
        ),
      ];
}

/** Somebody opened `opened` before us (or it is the restarted primary itself): does it lack anything that others hold? */
export function risksOfTakeover(
  { snapshot, lastSeen }: Sighting,
  opened: InstanceFacts,
  diagnosis: Diagnosis | null,
): Risk[] {
  const own = parseGtidSet(opened.gtid.executed);
  const others = readable(snapshot.members)
    .filter((member) => member.name !== opened.name)
    .map((member) => ({
      name: member.name,
      holds: member.channels.reduce(
        (sum, channel) => union(sum, parseGtidSet(channel.retrieved)),
        parseGtidSet(member.gtid.executed),
      ),
    }));
  const ahead = others
    .filter((other) => !contains(own, other.holds))
    .map((other) =>
      risk('TAKEOVER_LACKS', 2, `${other.name} holds ${print(subtract(other.holds, own))}, which ${opened.name} lacks`),
    );
  const seen = parseGtidSet(lastSeen?.gtidExecuted ?? '');
  const unseen = contains(own, seen)
    ? []
    : [
        risk(
          'KNOWN_LOSS',
          2,
          `the watcher saw ${print(subtract(seen, own))} on the old primary, which ${opened.name} lacks`,
        ),
      ];
  const doubt = diagnosis?.writesAreOver === 'a human must say' ? [risk('PRIMARY_MAY_LIVE', 7, diagnosis.because)] : [];
  return [...ahead, ...unseen, ...doubt];
}
