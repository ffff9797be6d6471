import { type Cluster, instanceNamed, type PromotionRule } from '../cluster';
import { channelOf, type ClusterSnapshot, type InstanceFacts, readable, type Release, unreadable } from '../facts';
import { isEmpty, parseGtidSet, subtract, union } from '../gtid-set';
import { type Refusal } from '../refusal';
import { sourceOf } from '../topology';
import { RELEASES } from '../upgrade/releases';
import { isOlder, whyNotThisStep } from './steps';

export type UpgradeMode = 'blue/green' | 'rolling';

export interface FleetQuestion {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly primary: string;
  readonly to: Release;
  readonly mode: UpgradeMode;
  /** A person's reason to skip a release. */
  readonly forced: string | null;
}

/** Two releases in one cluster. Names are those of the inventory. */
export interface Fleets {
  readonly from: Release;
  readonly to: Release;
  /** On the old release, or to be: with the primary, while it is one of them. */
  readonly blue: readonly string[];
  /** On the new release, or to be; the one that is to be the primary stands first. */
  readonly green: readonly string[];
  /** The switch has been made: the primary is green. */
  readonly switched: boolean;
}

/** Who is of which release, or everything that keeps this cluster from being upgraded like this, each with its cure. */
export function decideFleets(question: FleetQuestion): Fleets | readonly Refusal[] {
  const { cluster, snapshot, primary, to, mode, forced } = question;
  const members = readable(snapshot.members);
  const refusals: Refusal[] = unreadable(snapshot.members).map(({ name, reason, detail }) => ({
    sentence: `${name} cannot be read (${reason}: ${detail})`,
    cure: 'bring it back, or take it out of the inventory',
  }));
  const releases = [...new Set(members.map(({ release }) => release))].sort(
    (one, other) => RELEASES.indexOf(one) - RELEASES.indexOf(other),
  );
  if (releases.length > 2)
    refusals.push({
      sentence: `${releases.join(', ')} stand in one cluster, and two are the most`,
      cure: 'finish the upgrade before this one first',
    });
  const green = mode === 'blue/green' ? namedGreen(question) : rollingGreen(question);
  if ('sentence' in green) return [...refusals, green];
  const switched = green.names.includes(primary) && members.find(({ name }) => name === primary)?.release === to;
  const blue = cluster.instances.map(({ name }) => name).filter((name) => !green.names.includes(name));
  const from = oldestOf(members, blue) ?? releases[0] ?? to;
  const step = whyNotThisStep(from, to, forced);
  if (step) refusals.push(step);
  const wrong = members.filter(
    ({ name, release }) => green.names.includes(name) && release !== to && mode !== 'rolling',
  );
  for (const { name, version } of wrong)
    refusals.push({ sentence: `${name} is green and runs ${version}, not ${to}`, cure: `install ${to} on ${name}` });
  if (blue.length === 0 && step === null)
    refusals.push({ sentence: 'every server is green', cure: 'take `upgrade` out of the inventory: it is done' });
  if (refusals.length > 0) return refusals;
  return { from, to, blue, green: byWish(cluster, green.names), switched };
}

type Named = { readonly names: readonly string[] } | Refusal;

function namedGreen({ cluster, primary, snapshot, to }: FleetQuestion): Named {
  const names = cluster.upgrade?.green ?? [];
  const runs = readable(snapshot.members).find(({ name }) => name === primary)?.release;
  if (names.length === 0)
    return {
      sentence: `the inventory names no server of ${cluster.name} that is to run ${to}`,
      cure: `declare the new servers under instances, and upgrade: { green: [db4] } beside them; or choose --input '{"mode": "rolling"}'`,
    };
  if (names.includes(primary) && runs !== to)
    return {
      sentence: `${primary} is the primary and is named green`,
      cure: 'name the new servers as green, not the old ones',
    };
  return { names };
}

function rollingGreen({ cluster, primary, snapshot, to }: FleetQuestion): Named {
  const replicas = cluster.instances.map(({ name }) => name).filter((name) => name !== primary);
  if (replicas.length === 0)
    return {
      sentence: `${cluster.name} has one server, and nobody takes the writes while its program is replaced`,
      cure: 'add a replica first, or upgrade blue/green',
    };
  if (cluster.upgrade?.replaceCommand === undefined)
    return {
      sentence: 'nothing in the inventory replaces the program of a server',
      cure: 'write upgrade: { replaceCommand: [/opt/replace] }, or upgrade blue/green',
    };
  const runs = readable(snapshot.members).find(({ name }) => name === primary)?.release;
  // Past the switch the one that is left over is the old primary.
  if (runs !== to) return { names: replicas };
  const newer = readable(snapshot.members).filter(({ release }) => release === to);
  return { names: newer.map(({ name }) => name) };
}

const oldestOf = (members: readonly InstanceFacts[], names: readonly string[]): Release | undefined =>
  members
    .filter(({ name }) => names.includes(name))
    .map(({ release }) => release)
    .sort((one, other) => RELEASES.indexOf(one) - RELEASES.indexOf(other))[0];

const WISH: readonly PromotionRule[] = ['prefer', 'neutral', 'prefer_not', 'must_not'];

const byWish = (cluster: Cluster, names: readonly string[]): string[] =>
  [...names].sort((one, other) => wishOf(cluster, one) - wishOf(cluster, other));

const wishOf = (cluster: Cluster, name: string): number =>
  WISH.indexOf(instanceNamed(cluster, name)?.promotion ?? 'neutral');

/** How a green server gets the data. */
export type Filling =
  | { readonly how: 'follows already' }
  /** It lacks nothing that the primary's binary logs do not have. */
  | { readonly how: 'from the binary logs' }
  /** Of another member: see decisions/provision. */
  | { readonly how: 'by a copy'; readonly because: string }
  | { readonly how: 'refused'; readonly refusal: Refusal };

/** Since this one, statements that older releases have written stop replication: CREATE USER … IDENTIFIED WITH mysql_native_password. */
const READS_NO_OLD_LOGS: Release = '9.7';

/**
 * How one green server is to be filled. A server that has less than the primary gets the rest by replication where the primary still has all
 * of it. Where it has not, or where an empty server would read logs from the first day that its release does not understand, it is copied
 * first. What it alone has is never thrown away.
 */
export function howToFill(snapshot: ClusterSnapshot, name: string, primary: string): Filling {
  const members = readable(snapshot.members);
  const [one, source] = [name, primary].map((wanted) => members.find((member) => member.name === wanted));
  if (!one || !source) return refused(`${one ? primary : name} cannot be read`, 'bring it back first');
  const channel = channelOf(one);
  if (channel && sourceOf(snapshot.members, one)?.name === primary && channel.receiver === 'running') {
    return { how: 'follows already' };
  }
  const mine = parseGtidSet(one.gtid.executed);
  const held = channel ? union(mine, parseGtidSet(channel.retrieved)) : mine;
  const extra = subtract(held, parseGtidSet(source.gtid.executed));
  if (!isEmpty(extra))
    return refused(
      `${name} has transactions that ${primary} never had`,
      `if nobody needs them, RESET MASTER (since 8.4: RESET BINARY LOGS AND GTIDS) on an empty ${name}; otherwise fill another server`,
    );
  if (!isEmpty(subtract(parseGtidSet(source.gtid.purged), mine)))
    return { how: 'by a copy', because: `${primary} has purged binary logs that ${name} needs` };
  if (isEmpty(held) && !isEmpty(parseGtidSet(source.gtid.executed)) && !isOlder(one.release, READS_NO_OLD_LOGS))
    return {
      how: 'by a copy',
      because: `${name} is empty, and the binary logs of ${source.release} may have statements that ${one.release} does not know`,
    };
  return { how: 'from the binary logs' };
}

const refused = (sentence: string, cure: string): Filling => ({ how: 'refused', refusal: { sentence, cure } });

/** Members that are older than `name`: it must not become their source, except as the way back. */
export const olderThan = (snapshot: ClusterSnapshot, name: string): string[] => {
  const members = readable(snapshot.members);
  const newer = members.find((member) => member.name === name);
  return newer ? members.filter((one) => isOlder(one.release, newer.release)).map((one) => one.name) : [];
};
