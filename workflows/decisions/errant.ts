import { channelOf, type ClusterSnapshot, type InstanceFacts, readable } from './facts';
import {
  contains,
  count,
  type GtidSet,
  intersect,
  isEmpty,
  only,
  parseGtidSet,
  print,
  subtract,
  union,
  uuidsOf,
  without,
} from './gtid-set';

/** What is known of a primary beside what its replicas say now: from the watcher, or from a look before this one. */
export interface RememberedPrimary {
  readonly primaryUuid: string;
  /** GTID set (text); '' when nobody saw it. */
  readonly gtidExecuted: string;
}

export interface ErrantFinding {
  readonly replica: string;
  /** GTID set (text); '' when the replica has none. */
  readonly errant: string;
  /** The replica's own server_uuid wrote some of them: somebody wrote on the replica. The surest sign. */
  readonly writtenHere: boolean;
  readonly because: string;
}

/**
 * Transactions that a replica holds (executed or received) and the primary never had. Never throws on sound GTID text.
 *
 * Primary readable: its fresh set is the reference. Members are read at the same time but not at one moment, so what the primary
 * itself wrote (or copied from outside) meanwhile is never held against a replica; any other writer's transaction is.
 *
 * Primary unreadable: what it wrote itself is not errant however few hold it, that replica is just the furthest. Of the rest, what
 * the watcher saw on the primary, or a replica elsewhere in the tree also holds, is shared history of former primaries.
 * One replica alone, never compared before, cannot be judged: the sentence says so.
 *
 * Before acting on a finding look again and take `confirmed`: a network hiccup between two readings has produced false ones.
 * Source: MySQL manual, "GTID Format and Storage", "Functions Used with Global Transaction Identifiers".
 */
export function findErrant(
  snapshot: ClusterSnapshot,
  primary: string,
  remembered: RememberedPrimary | null = null,
): ErrantFinding[] {
  const lastSeenPrimaryGtids = remembered?.gtidExecuted ?? '';
  const members = readable(snapshot.members);
  const head = members.find((member) => member.name === primary);
  const replicas = members.filter((member) => member.name !== primary);
  const written = [...writersThatFlow(snapshot, primary), ...(remembered ? [remembered.primaryUuid] : [])];
  // With the primary in sight its own set is better than any memory, and memory could hold what a failover lost.
  const seen = parseGtidSet(head ? head.gtid.executed : lastSeenPrimaryGtids);
  return replicas.map((replica) => {
    const unexplained = subtract(withoutAll(holds(replica), written), seen);
    if (head) return finding(replica, unexplained, `${primary} never had them`);
    if (isEmpty(unexplained)) return finding(replica, unexplained, '');
    const witnesses = replicas.filter((other) => other !== replica && !drawsFrom(snapshot, other, replica));
    if (witnesses.length === 0 && lastSeenPrimaryGtids === '') return cannotJudge(replica, unexplained, primary);
    const shared = witnesses.map(holds).reduce(union, seen);
    return finding(
      replica,
      subtract(unexplained, shared),
      `neither ${primary}, as last seen, nor another replica has them`,
    );
  });
}

/** For the election: the replicas that have errant transactions, with their sets. */
export const errantByReplica = (
  snapshot: ClusterSnapshot,
  primary: string,
  remembered: RememberedPrimary | null = null,
): ReadonlyMap<string, string> =>
  new Map(
    findErrant(snapshot, primary, remembered)
      .filter(({ errant }) => errant !== '')
      .map(({ replica, errant }) => [replica, errant]),
  );

/**
 * The primary as a look knew it while its replicas still pointed at it. A replica that has been repointed since names another source, and
 * without this the last transactions of the old primary would pass for errant.
 */
export function rememberPrimary(
  { members }: ClusterSnapshot,
  primary: string,
  lastSeen: RememberedPrimary | null,
): RememberedPrimary | null {
  if (lastSeen) return lastSeen;
  const [uuid] = writersThatFlow({ members }, primary);
  return uuid === undefined ? null : { primaryUuid: uuid, gtidExecuted: '' };
}

/** What two looks agree on. A transaction that only one of them calls errant was on its way. */
export function confirmed(first: readonly ErrantFinding[], second: readonly ErrantFinding[]): ErrantFinding[] {
  return second.map((now) => {
    const before = first.find(({ replica }) => replica === now.replica);
    const both = intersect(parseGtidSet(before?.errant ?? ''), parseGtidSet(now.errant));
    if (isEmpty(both))
      return {
        ...now,
        errant: '',
        writtenHere: false,
        because: `${now.replica} has no errant transactions that two looks agree on`,
      };
    return { ...now, errant: oneLine(both), because: `${now.because} (seen twice)` };
  });
}

/** Executed here or waiting in the relay log. */
const holds = (member: InstanceFacts): GtidSet =>
  [member.gtid.executed, ...member.channels.map((channel) => channel.retrieved)].map(parseGtidSet).reduce(union);

/**
 * Whose transactions are still coming down from the primary: its own, and those of a source outside the cluster that it copies.
 * A primary that cannot be read, or that this look left out, is known by the uuid its replicas remember.
 */
function writersThatFlow({ members }: Pick<ClusterSnapshot, 'members'>, primary: string): string[] {
  const head = members.find((member) => member.name === primary);
  if (head?.readable)
    return [head.serverUuid, ...head.channels.map(({ sourceUuid }) => sourceUuid)].filter((uuid) => uuid !== '');
  const channels = readable(members).flatMap((member) => member.channels);
  const toHead = channels.filter(({ sourceHost, sourcePort }) => sourceHost === head?.host && sourcePort === head.port);
  // The replication network may have other addresses than the inventory: then it is whoever is not in sight.
  const inSight = (uuid: string) => readable(members).some(({ serverUuid }) => serverUuid === uuid);
  const remembered = toHead.length > 0 ? toHead : channels.filter(({ sourceUuid }) => !inSight(sourceUuid));
  return [...new Set(remembered.map(({ sourceUuid }) => sourceUuid))].filter((uuid) => uuid !== '');
}

const withoutAll = (set: GtidSet, uuids: readonly string[]): GtidSet => uuids.reduce(without, set);

/** Does `member` copy from `source`, directly or over others? Then it is no independent witness. */
function drawsFrom({ members }: ClusterSnapshot, member: InstanceFacts, source: InstanceFacts): boolean {
  const passed = new Set<string>();
  for (let at: InstanceFacts | undefined = member; at && !passed.has(at.name);) {
    passed.add(at.name);
    const channel = channelOf(at);
    const next: InstanceFacts | undefined = readable(members).find(
      (other) => other.host === channel?.sourceHost && other.port === channel.sourcePort,
    );
    if (next === source) return true;
    at = next;
  }
  return false;
}

function finding(replica: InstanceFacts, errant: GtidSet, reason: string): ErrantFinding {
  const { name, serverUuid } = replica;
  if (isEmpty(errant))
    return { replica: name, errant: '', writtenHere: false, because: `${name} has no errant transactions` };
  const own = only(errant, serverUuid);
  const writtenHere = !isEmpty(own);
  const who = contains(own, errant)
    ? 'written on it'
    : writtenHere
      ? 'some of them written on it'
      : `written by ${uuidsOf(errant).join(', ')}`;
  return {
    replica: name,
    errant: oneLine(errant),
    writtenHere,
    because: `${name} has ${count(errant)} errant transaction${count(errant) === 1 ? '' : 's'} (${oneLine(errant)}), ${who}: ${reason}`,
  };
}

const cannotJudge = ({ name }: InstanceFacts, unexplained: GtidSet, primary: string): ErrantFinding => ({
  replica: name,
  errant: '',
  writtenHere: false,
  because: `whether ${oneLine(unexplained)} on ${name} is errant cannot be told: ${primary} cannot be read, was never seen before, and no other replica can be compared`,
});

const oneLine = (set: GtidSet): string => print(set).replaceAll('\n', '');
