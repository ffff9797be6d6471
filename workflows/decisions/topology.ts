import { type Cluster } from './cluster';
import {
  channelOf,
  type ClusterSnapshot,
  type EpochFacts,
  type InstanceFacts,
  type Member,
  newestPromotion,
  readable,
} from './facts';

export interface PrimaryFinding {
  /** Inventory name; null when the facts do not single one out. */
  readonly primary: string | null;
  /** `open`: takes writes. `closed`: read-only. `unreadable`: known only by its replicas or by the epoch. `unknown`: nobody. */
  readonly state: 'open' | 'closed' | 'unreadable' | 'unknown';
  /** Every other server that would take a write now: rivals, and replicas whose read_only is off. */
  readonly alsoWritable: readonly string[];
  readonly because: string;
}

/**
 * Who is the primary now. In order of weight: the newest epoch, who is writable and copies from nobody, whom the others
 * copy from. Never throws. A sentence tells apart: nobody writable, two writable, unreadable, already promoted by others.
 */
export function primaryOf(snapshot: ClusterSnapshot, cluster: Cluster): PrimaryFinding {
  const members = snapshot.members.filter((member) => cluster.instances.some(({ name }) => name === member.name));
  const followed = (name: string) =>
    readable(members)
      .filter((other) => copies(members, other) && sourceOf(members, other)?.name === name)
      .map((other) => other.name);
  const epoch = newestPromotion({ members }) ?? undefined;
  const owner = epoch && ownerOf(members, epoch);
  const heads = readable(members).filter((member) => !member.readOnly && !copies(members, member));
  const find = (primary: Member | undefined, because: string): PrimaryFinding => conclude(members, primary, because);

  if (heads.length > 1) return find(splitWinner(heads, owner), splitSentence(heads, owner, epoch));

  const [head] = heads;
  const leader = mostFollowed(members, followed);
  if (!head) {
    const quiet = owner ?? leader;
    return quiet
      ? find(quiet, quietSentence(quiet, followed(quiet.name), epoch))
      : find(undefined, noneSentence(members));
  }
  const rank = head.epoch?.epoch ?? 0;
  if (epoch && rank < epoch.epoch) {
    const newer = owner
      ? `${owner.name} was promoted as epoch ${epoch.epoch}`
      : `epoch ${epoch.epoch} was recorded for a server that is not in the inventory`;
    return find(
      owner,
      `${newer}, but ${head.name} is writable and knows only epoch ${rank}: it missed that promotion (split brain)`,
    );
  }
  const followers = followed(head.name);
  if (owner === head)
    return find(head, `${head.name} is writable, was promoted as epoch ${epoch?.epoch ?? 0}${andFollowed(followers)}`);
  // A person or another tool opens a server before it moves the others: they still point at the old primary.
  if (leader && leader.name !== head.name && followers.length === 0) {
    const old = leader.readable ? 'is read-only' : `cannot be read (${leader.reason})`;
    return find(
      leader,
      `${list(followed(leader.name))} still replicate${followed(leader.name).length === 1 ? 's' : ''} from ${leader.name}, which ${old}, while ${head.name} is already writable: somebody else has promoted it`,
    );
  }
  const byHand = owner ? `, although epoch ${epoch.epoch} names ${owner.name}: it was promoted without a runbook` : '';
  return find(head, `${head.name} is the only writable server${andFollowed(followers)}${byHand}`);
}

/** The fellow member that `member` copies from; undefined when it copies from nobody or from outside the cluster. */
export function sourceOf(members: readonly Member[], member: InstanceFacts): Member | undefined {
  const channel = channelOf(member);
  if (!channel) return undefined;
  const byAddress = members.find(({ host, port }) => host === channel.sourceHost && port === channel.sourcePort);
  // The replication network may have other addresses than the inventory: the uuid is the second way to know the source.
  const byUuid = () => readable(members).find(({ serverUuid }) => serverUuid === channel.sourceUuid);
  return byAddress ?? (channel.sourceUuid === '' ? undefined : byUuid());
}

/** A writable server whose channel is stopped is one that has just been promoted: its channel is reset only afterwards. */
function copies(members: readonly Member[], member: InstanceFacts): boolean {
  const channel = channelOf(member);
  if (!channel || !sourceOf(members, member)) return false;
  return member.readOnly || channel.receiver !== 'stopped' || channel.applier !== 'stopped';
}

/** The member an epoch row means, also when only its replicas remember its uuid. */
function ownerOf(members: readonly Member[], { primaryUuid }: EpochFacts): Member | undefined {
  const itself = readable(members).find(({ serverUuid }) => serverUuid === primaryUuid);
  if (itself) return itself;
  const pointing = readable(members)
    .flatMap(({ channels }) => channels)
    .find(({ sourceUuid }) => sourceUuid === primaryUuid);
  return pointing && members.find(({ host, port }) => host === pointing.sourceHost && port === pointing.sourcePort);
}

/** The top of the tree that most members copy from; undefined when there is none, or two with equally many. */
function mostFollowed(members: readonly Member[], followed: (name: string) => string[]): Member | undefined {
  const tops = members
    .filter((member) => !member.readable || !sourceOf(members, member))
    .map((member) => ({ member, followers: followed(member.name).length }))
    .filter(({ followers }) => followers > 0)
    .sort((a, b) => b.followers - a.followers);
  const [first, second] = tops;
  return first && first.followers > (second?.followers ?? 0) ? first.member : undefined;
}

const splitWinner = (heads: readonly InstanceFacts[], owner: Member | undefined) =>
  heads.find((head) => head === owner);

function splitSentence(
  heads: readonly InstanceFacts[],
  owner: Member | undefined,
  epoch: EpochFacts | undefined,
): string {
  const both = `${list(heads.map(({ name }) => name))} are writable and copy from nobody (split brain)`;
  const truth =
    owner && heads.some((head) => head === owner)
      ? `: ${owner.name} has the newest promotion, epoch ${epoch?.epoch ?? 0}`
      : ', and no epoch tells which one is right';
  return `${both}${truth}`;
}

function quietSentence(member: Member, followers: readonly string[], epoch: EpochFacts | undefined): string {
  const why =
    followers.length > 0
      ? `${list(followers)} replicate${followers.length === 1 ? 's' : ''} from it`
      : `epoch ${epoch?.epoch ?? 0} names it`;
  if (!member.readable) return `${member.name} cannot be read (${member.reason}); it is the primary, for ${why}`;
  return `nobody is writable; ${member.name} is the primary, for ${why}, but it is read-only`;
}

function noneSentence(members: readonly Member[]): string {
  const seen = readable(members).length;
  if (seen === 0) return 'no member can be read, so nothing tells who the primary is';
  return 'nobody is writable, and neither an epoch nor the replicas tell who the primary is';
}

function conclude(members: readonly Member[], primary: Member | undefined, because: string): PrimaryFinding {
  const others = readable(members).filter((member) => !member.readOnly && member.name !== primary?.name);
  const alsoWritable = others.map(({ name }) => name);
  const loose = others.filter((member) => copies(members, member)).map(({ name }) => name);
  const warning =
    loose.length > 0
      ? `; ${list(loose)} replicate${loose.length === 1 ? 's' : ''} but could be written to (read_only is off)`
      : '';
  return { primary: primary?.name ?? null, state: stateOf(primary), alsoWritable, because: `${because}${warning}` };
}

function stateOf(primary: Member | undefined): PrimaryFinding['state'] {
  if (!primary) return 'unknown';
  if (!primary.readable) return 'unreadable';
  return primary.readOnly ? 'closed' : 'open';
}

const andFollowed = (followers: readonly string[]): string =>
  followers.length > 0 ? `, and ${list(followers)} replicate${followers.length === 1 ? 's' : ''} from it` : '';

const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
