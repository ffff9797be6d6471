import { type Cluster, instanceNamed } from '../cluster';
import { channelOf, type InstanceFacts, readable } from '../facts';
import { contains, count, parseGtidSet, subtract, union } from '../gtid-set';
import { type Risk } from '../plan';
import { type ProvisionSurvey } from './facts';

export interface Donor {
  readonly name: string;
  /** Transactions of the primary that it has not executed. */
  readonly behind: number;
  /** What a person must agree to before it gives. */
  readonly risks: readonly Risk[];
}

export interface DonorQuestion {
  readonly survey: Pick<ProvisionSurvey, 'cluster' | 'snapshot'>;
  readonly instance: string;
  readonly primary: InstanceFacts;
  /** Donors that were tried and failed. */
  readonly without: readonly string[];
}

/**
 * Who may give, best first: replicas that follow and are not delayed, the least behind first, of the recipient's datacentre before others.
 * The only one that acknowledges gives by a person's word alone, for a slow acknowledgement is a slow commit; the primary only when there
 * is nobody else, and by a person's word. Never throws on sound GTID text.
 */
export function chooseDonors({ survey, instance, primary, without }: DonorQuestion): Donor[] {
  const { cluster, snapshot } = survey;
  const committed = parseGtidSet(primary.gtid.executed);
  const others = readable(snapshot.members).filter(({ name }) => name !== instance && name !== primary.name);
  const sound = others.filter((member) => isSound(cluster, member, primary));
  const donors = sound.map((member): Donor & { readonly near: boolean } => ({
    name: member.name,
    behind: count(subtract(committed, parseGtidSet(member.gtid.executed))),
    risks: aloneAcknowledges(member, sound, primary) ? [onlyAcknowledger(member.name)] : [],
    near: instanceNamed(cluster, member.name)?.datacentre === instanceNamed(cluster, instance)?.datacentre,
  }));
  const ranked = donors
    .filter(({ name }) => !without.includes(name))
    .sort((a, b) => a.risks.length - b.risks.length || Number(b.near) - Number(a.near) || a.behind - b.behind)
    .map(({ name, behind, risks }) => ({ name, behind, risks }));
  // Alone: a replica that failed as a donor is still there, and is tried again before the primary is.
  if (sound.length > 0 || without.includes(primary.name)) return ranked;
  return [{ name: primary.name, behind: 0, risks: [thePrimary(primary.name)] }];
}

function isSound(cluster: Cluster, member: InstanceFacts, primary: InstanceFacts): boolean {
  const channel = channelOf(member);
  const delayed = (instanceNamed(cluster, member.name)?.delaySeconds ?? 0) > 0 || (channel?.delaySeconds ?? 0) > 0;
  const received = union(parseGtidSet(member.gtid.executed), parseGtidSet(channel?.retrieved ?? ''));
  // What it alone has would be copied along (invariant 4).
  const own = contains(union(parseGtidSet(primary.gtid.executed), received), parseGtidSet(member.gtid.executed));
  const giving = member.detail?.jobs.some(({ kind }) => kind === 'clone' || kind === 'clone donor') ?? false;
  return channel?.applier === 'running' && channel.receiver === 'running' && !delayed && own && !giving;
}

const aloneAcknowledges = (
  member: InstanceFacts,
  sound: readonly InstanceFacts[],
  { semiSync }: InstanceFacts,
): boolean =>
  semiSync.sourceActive &&
  member.semiSync.replicaActive &&
  sound.filter(({ semiSync: one }) => one.replicaActive).length <= semiSync.waitForReplicaCount;

const onlyAcknowledger = (name: string): Risk => ({
  code: 'DONOR_ACKNOWLEDGES_ALONE',
  invariant: null,
  sentence: `commits wait for ${name} alone, and it would give its data meanwhile: a slow disk there is a slow commit`,
});

const thePrimary = (name: string): Risk => ({
  code: 'DONOR_IS_PRIMARY',
  invariant: null,
  sentence: `no replica can give its data: ${name}, which takes the writes, would`,
});
