import { type Cluster, type Instance, instanceNamed } from './cluster';
import { examine } from './doctor';
import { findErrant } from './errant';
import { type RouterView } from './evidence';
import { channelOf, type ClusterSnapshot, type InstanceFacts, readable, unreadable } from './facts';
import { followers, followersOfRelease } from './followers';
import { lingering, notesOfSwitchover } from './lingering';
import { type FailoverPlan, freeze } from './plan';
import { notesOfApplications } from './applications';
import { type Refusal } from './refusal';
import { differences } from './settings-that-matter';
import { primaryOf, sourceOf } from './topology';
import { leftOver, underWay, underWayOn } from './under-way';
import { isOlder } from './upgrading/steps';
import { dispensable, notesOfAbsence, risksOfAbsence } from './unreachable';

export interface SwitchoverQuestion {
  readonly cluster: Cluster;
  /** A full look: settings, grants, prepared transactions. */
  readonly snapshot: ClusterSnapshot;
  readonly routers: readonly RouterView[];
  /** The wanted primary; null = whoever is the best. */
  readonly to: string | null;
  /** Only servers of this datacentre; null = of any. */
  readonly datacentre: string | null;
  /** How long clients may wait before writes open on the new primary. */
  readonly writeGapMs: number;
  /** An upgrade keeps its way back: the old primary may follow a newer one, and it alone. */
  readonly acrossReleases?: boolean;
}

export type SwitchoverDecision =
  | { readonly act: 'stand down'; readonly because: string }
  | { readonly act: 'refuse'; readonly because: string; readonly refusals: readonly Refusal[] }
  | { readonly act: 'carry out'; readonly because: string; readonly plan: FailoverPlan };

/**
 * May the primary be moved on purpose now, and to whom? A planned change has time: whatever is doubtful refuses, with its cure.
 * Everything that refuses is named at once, so that nobody meets the obstacles one by one.
 */
export function decideSwitchover(question: SwitchoverQuestion): SwitchoverDecision {
  const { cluster, snapshot, routers, to, datacentre, writeGapMs } = question;
  const found = primaryOf(snapshot, cluster);
  const members = readable(snapshot.members);
  const primary = members.find(({ name }) => name === found.primary);
  if (to !== null && instanceNamed(cluster, to) === undefined)
    return refuse([{ sentence: `${to} is not an instance of ${cluster.name}`, cure: `name one of ${names(cluster)}` }]);
  const nowhere = refusalOfPlace(cluster, to, datacentre);
  if (nowhere !== null) return refuse([nowhere]);
  if (!primary || found.state !== 'open')
    return refuse([{ sentence: `${found.because}: there is no primary that is well`, cure: 'use emergencyFailover' }]);
  if (to === primary.name) return { act: 'stand down', because: `${to} is the primary already` };

  const ofCluster = refusalsOfCluster(question, primary, found.alsoWritable);
  const candidates = members.filter(
    (member) => member !== primary && (to === null ? isIn(cluster, member, datacentre) : member.name === to),
  );
  const judged = candidates
    .map((candidate) => ({ candidate, refusals: refusalsOfCandidate(question, primary, candidate) }))
    .sort((a, b) => a.refusals.length - b.refusals.length || rank(cluster, a.candidate) - rank(cluster, b.candidate));
  const [best] = judged;
  if (!best)
    return refuse([
      ...ofCluster,
      {
        sentence: to === null ? `no replica in ${datacentre ?? 'any datacentre'} can be read` : `${to} cannot be read`,
        cure: 'bring it back first',
      },
    ]);
  const { candidate } = best;
  const others = followersOf(question, primary.name, candidate);
  const refusals = [...ofCluster, ...best.refusals, ...unacknowledged(cluster, primary, candidate, others)];
  if (refusals.length > 0) return refuse(refusals);
  const repoint = { ...others, [primary.name]: candidate.name };
  const plan = freeze({
    kind: 'switch over',
    oldPrimary: primary.name,
    newPrimary: candidate.name,
    fetchFrom: null,
    target: '',
    ranking: [],
    repoint,
    risks: risksOfAbsence(cluster, routers),
    notes: [
      ...notesOfSwitchover(lingering(cluster, routers), primary.name, writeGapMs),
      ...notesOfAbsence(cluster, routers, primary.name),
      ...leftOver(snapshot, primary),
      ...notesOfApplications(cluster, 'switchover'),
      ...notesOfReleases(question, primary, candidate),
    ],
    rpo: null,
    summary: `move the primary of ${cluster.name} from ${primary.name} to ${candidate.name}`,
  });
  return { act: 'carry out', because: plan.summary, plan };
}

/** Of the older ones the old primary alone follows a newer candidate, as the way back of an upgrade; the rest stay below it. */
const followersOf = (
  { snapshot, acrossReleases = false }: SwitchoverQuestion,
  primary: string,
  { name }: InstanceFacts,
) => (acrossReleases ? followersOfRelease(snapshot, primary, name).repoint : followers(snapshot, primary, name));

const notesOfReleases = (
  { acrossReleases = false }: SwitchoverQuestion,
  { name, version, release }: InstanceFacts,
  candidate: InstanceFacts,
): string[] =>
  acrossReleases && isOlder(release, candidate.release)
    ? [`${name} (${version}) will follow ${candidate.name} (${candidate.version}) as the way back of an upgrade`]
    : [];

/** A place that nobody is in, or not the server that is named beside it. */
function refusalOfPlace({ name, instances }: Cluster, to: string | null, datacentre: string | null): Refusal | null {
  if (datacentre === null) return null;
  const known = [...new Set(instances.map((instance) => instance.datacentre))].filter((one) => one !== '').sort();
  if (!known.includes(datacentre))
    return {
      sentence: `no instance of ${name} is in datacentre ${datacentre}`,
      cure:
        known.length > 0 ? `name one of ${known.join(', ')}` : 'the inventory names no datacentre: write them there',
    };
  const wanted = instances.find((instance) => instance.name === to);
  if (wanted === undefined || wanted.datacentre === datacentre) return null;
  return {
    sentence: `${wanted.name} is in datacentre ${wanted.datacentre || '(none named)'} and not in ${datacentre}`,
    cure: 'name the server or the datacentre, or both where they agree',
  };
}

const refuse = (refusals: readonly Refusal[]): SwitchoverDecision => ({
  act: 'refuse',
  because: refusals.map(({ sentence }) => sentence).join('; '),
  refusals,
});

function refusalsOfCluster(
  { cluster, snapshot, routers }: SwitchoverQuestion,
  primary: InstanceFacts,
  alsoWritable: readonly string[],
): Refusal[] {
  const lacked = dispensable(cluster, routers);
  return [
    ...alsoWritable.map((name) => ({
      sentence: `${name} is writable too (invariant 1)`,
      cure: `SET GLOBAL super_read_only = ON on ${name}, then look at its errant transactions`,
    })),
    ...unreadable(snapshot.members).map(({ name, reason, detail }) => ({
      sentence: `${name} cannot be read (${reason}: ${detail})`,
      cure: 'bring it back, or take it out of the inventory',
    })),
    ...(primary.detail?.preparedXa ?? []).map((xid) => ({
      sentence: `${primary.name} has a prepared XA transaction, ${xid}, which could commit behind the freeze`,
      cure: `XA COMMIT ${xid} or XA ROLLBACK ${xid}, as its coordinator says`,
    })),
    ...routers
      .filter(({ router, writers }) => !lacked.includes(router) && !writers?.includes(primary.name))
      .map(({ router, writers, because }) => ({
        sentence: writers === null ? because : `router ${router} does not lead to ${primary.name}`,
        cure: 'runbook start emergencyFailover points every router at the primary; a router that is gone is taken out of the inventory, or its whenUnreachable says what to do without it',
      })),
    ...lingering(cluster, routers)
      .filter(({ seconds, declaredSeconds }) => seconds > declaredSeconds)
      .map(({ router, seconds, declaredSeconds }) => ({
        sentence: `resolvers keep the record of router ${router} for ${seconds} s, and the inventory promises ${declaredSeconds}`,
        cure: `set its TTL to ${declaredSeconds} in the zone, and wait ${seconds} s before you start again`,
      })),
    ...(cluster.durability !== 'async' && !primary.semiSync.sourceActive
      ? [{ sentence: `semi-sync of ${primary.name} has fallen back`, cure: 'find out why no replica acknowledges' }]
      : []),
    ...underWay(snapshot, primary),
  ];
}

/**
 * The others stand below the candidate before anybody waits: until then it alone acknowledges the old primary, and from then on they
 * acknowledge it. The old primary follows only later. Too few of either, and clients would wait for what cannot come.
 */
function unacknowledged(
  { durability }: Cluster,
  primary: InstanceFacts,
  candidate: InstanceFacts,
  others: Readonly<Record<string, string>>,
): Refusal[] {
  if (durability === 'async') return [];
  const wait = Math.max(primary.semiSync.waitForReplicaCount, candidate.semiSync.waitForReplicaCount);
  if (wait <= 1 && Object.keys(others).length >= wait) return [];
  return [
    {
      sentence: `nobody could acknowledge while the primary moves: commits wait for ${wait} replicas, and ${Object.keys(others).length} will follow ${candidate.name}`,
      cure: 'add a replica, or have commits wait for one replica (rpl_semi_sync_source_wait_for_replica_count) while you switch over',
    },
  ];
}

function refusalsOfCandidate(question: SwitchoverQuestion, primary: InstanceFacts, one: InstanceFacts): Refusal[] {
  const { cluster, snapshot } = question;
  const instance = instanceNamed(cluster, one.name);
  const channel = channelOf(one);
  const errant = findErrant(snapshot, primary.name).find(({ replica }) => replica === one.name);
  const refusals: Refusal[] = [];
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });

  if (instance?.promotion === 'must_not')
    add(`${one.name} must not be promoted`, 'choose another, or change the inventory');
  const delay = Math.max(instance?.delaySeconds ?? 0, channel?.delaySeconds ?? 0);
  if (delay > 0) add(`${one.name} is delayed by ${delay} s`, 'choose another');
  if (sourceOf(snapshot.members, one)?.name !== primary.name)
    add(`${one.name} does not replicate from ${primary.name} itself`, 'choose one that does, or repoint it first');
  else if (channel?.receiver !== 'running' || channel.applier !== 'running')
    add(`replication of ${one.name} does not run`, 'START REPLICA, and look at its errors');
  if (errant && errant.errant !== '') add(errant.because, 'rebuild it, or choose another');
  if ((channel?.filters.length ?? 0) > 0)
    add(
      `${one.name} has replication filters: ${channel?.filters.join(', ') ?? ''}`,
      'choose one that holds everything',
    );
  if (!question.acrossReleases && isOlder(primary.release, one.release))
    add(
      `${primary.name} (${primary.version}) cannot replicate back from ${one.name} (${one.version})`,
      'there would be no way back: upgrade it first, or use upgradeCluster',
    );
  // Whoever goes back goes back to what was good before; what the way back cannot carry was refused before the switch.
  const isWayBack = question.acrossReleases === true && isOlder(one.release, primary.release);
  for (const { what, cure } of isWayBack ? [] : differences(primary, one)) add(what, cure);
  refusals.push(...underWayOn(one));
  const bad = examine(snapshot, cluster).filter(({ severity, instance: at }) => severity === 'bad' && at === one.name);
  for (const { what, fix } of bad) add(`${one.name}: ${what}`, fix.join(' ') || 'see runbook doctor');
  return refusals;
}

const isIn = (cluster: Cluster, { name }: InstanceFacts, datacentre: string | null): boolean =>
  datacentre === null || instanceNamed(cluster, name)?.datacentre === datacentre;

const RULES: readonly Instance['promotion'][] = ['prefer', 'neutral', 'prefer_not', 'must_not'];
const rank = (cluster: Cluster, { name }: InstanceFacts): number =>
  RULES.indexOf(instanceNamed(cluster, name)?.promotion ?? 'neutral');

const names = ({ instances }: Cluster): string => instances.map(({ name }) => name).join(', ');
