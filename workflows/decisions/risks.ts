import { type Cluster, instanceNamed } from './cluster';
import { cutsSessions } from './router';
import { type Diagnosis } from './diagnosis';
import { type Election } from './election';
import { type Sighting } from './evidence';
import { channelOf, type InstanceFacts, readable } from './facts';
import { contains, type GtidSet, isEmpty, parseGtidSet, print, subtract, union, without } from './gtid-set';
import { type Risk } from './plan';
import { type Rpo } from './report';

interface Promotion {
  readonly cluster: Cluster;
  readonly oldPrimary: string;
  readonly diagnosis: Diagnosis;
  readonly election: Election;
  readonly rpo: Rpo;
  /** Replicas that will get the elected one as their source. */
  readonly followers: number;
}

const risk = (code: string, invariant: number | null, sentence: string): Risk => ({ code, invariant, sentence });

/** Everything about a promotion that a human must agree to. Empty = it may run by itself where the policy is automatic. */
export function risksOfPromotion(promotion: Promotion): Risk[] {
  return [...risksOfDoubt(promotion), ...risksOfElection(promotion), ...risksOfFence(promotion)];
}

/** The part that no election changes: what was agreed to before the fence stays agreed to. */
export const isOfElection = (one: Risk): boolean =>
  !['PRIMARY_MAY_LIVE', 'NO_FENCE', 'ROUTER_UNUSABLE', 'ROUTER_AWAY'].includes(one.code);

/** The part that depends on who was elected: judged once more when positions hold still. */
export const risksOfElection = (elected: Elected): Risk[] => [
  ...risksOfCandidate(elected),
  ...risksOfLoss(elected),
  ...risksOfWaiting(elected),
];

type Elected = Pick<Promotion, 'cluster' | 'election' | 'rpo' | 'followers'>;

function risksOfWaiting({ cluster, election, followers }: Elected): Risk[] {
  if (cluster.durability !== 'lossless' || followers > 0) return [];
  return [
    risk(
      'NO_ACKNOWLEDGER',
      null,
      `no replica is left to follow ${election.chosen ?? ''}: the cluster is lossless, so its first commit waits, and clients with it, until one does`,
    ),
  ];
}

function risksOfDoubt({ diagnosis }: Pick<Promotion, 'diagnosis'>): Risk[] {
  return diagnosis.writesAreOver === 'a human must say' ? [risk('PRIMARY_MAY_LIVE', 7, diagnosis.because)] : [];
}

function risksOfCandidate({ election }: Pick<Promotion, 'election'>): Risk[] {
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

function risksOfLoss({ cluster, election, rpo }: Pick<Promotion, 'cluster' | 'election' | 'rpo'>): Risk[] {
  if (election.missing !== '')
    return [
      risk(
        'KNOWN_LOSS',
        2,
        `${election.missing} would be lost: it was seen on the primary or on a replica with errant transactions, and no sound replica that can be read has it`,
      ),
    ];
  // Asynchronous clusters accept an unknown tail by their declared durability; the others promised more.
  if (cluster.durability !== 'async' && !rpo.provablyZero && rpo.because.includes('cannot be read'))
    return [risk('ACKNOWLEDGER_UNSEEN', 2, rpo.because)];
  return [];
}

/** Which fence is in reach, before anything is touched. One is enough; none means that only a human can vouch for it. */
function risksOfFence({ cluster, oldPrimary, diagnosis }: Promotion): Risk[] {
  const fences =
    (cluster.routers.length > 0 && cluster.routers.every(cutsSessions)) ||
    cluster.durability === 'lossless' ||
    instanceNamed(cluster, oldPrimary)?.fenceCommand !== undefined ||
    diagnosis.state === 'disk full';
  return fences
    ? []
    : [
        risk(
          'NO_FENCE',
          1,
          `${cluster.routers.length > 0 ? 'a router that cuts no sessions' : 'no router'}, no fence command and no endless semi-synchronous wait: nothing can keep clients from the old primary if it wakes up`,
        ),
      ];
}

/** A writable server is not for that alone one that somebody opened: a replica whose read_only is off looks alike. */
export function risksOfRival(cluster: Cluster, rival: InstanceFacts): Risk[] {
  const instance = instanceNamed(cluster, rival.name);
  const channel = channelOf(rival);
  const risks: Risk[] = [];
  if (channel && channel.receiver !== 'stopped')
    risks.push(
      risk(
        'RIVAL_STILL_REPLICATES',
        1,
        `${rival.name} is writable but still replicates: it may be a replica whose read_only is off, which nobody meant to promote`,
      ),
    );
  if (instance?.promotion === 'must_not')
    risks.push(
      risk('RIVAL_BARRED', 2, `${rival.name} is writable, although the inventory forbids to promote it (must_not)`),
    );
  const delay = Math.max(channel?.delaySeconds ?? 0, instance?.delaySeconds ?? 0);
  if (delay > 0) risks.push(risk('RIVAL_BARRED', 2, `${rival.name} is writable, although it is delayed by ${delay} s`));
  return risks;
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
  // What a server that takes writes wrote itself between its reading and the others' is no loss; a read-only one writes nothing.
  const alsoHas = (more: GtidSet): GtidSet => (opened.readOnly ? more : without(more, opened.serverUuid));
  const ahead = others
    .map((other) => ({ ...other, more: alsoHas(subtract(other.holds, own)) }))
    .filter((other) => !isEmpty(other.more))
    .map((other) => risk('TAKEOVER_LACKS', 2, `${other.name} holds ${print(other.more)}, which ${opened.name} lacks`));
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
