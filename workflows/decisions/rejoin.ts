import { type Cluster, instanceNamed } from './cluster';
import { type RouterView } from './evidence';
import { channelOf, type ClusterSnapshot, type InstanceFacts, type Member, readable } from './facts';
import { contains, count, type GtidSet, isEmpty, parseGtidSet, print, subtract, union, without } from './gtid-set';
import { outsiders } from './outsiders';
import { refusalsOfIdentity, unreadableRefusal } from './rejoin-refusals';
import { type Refusal } from './refusal';
import { primaryOf, sourceOf } from './topology';

/** The channel by which the primary fetches, for a moment, what a returning server alone has. Ours alone: whoever finds it may drop it. */
export const REPLAY_CHANNEL = 'rejoin';

export interface RejoinQuestion {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  /** The server that is to come back. */
  readonly instance: string;
  readonly routers: readonly RouterView[];
}

/** What stands next between a server and its place in the tree. GTID sets are text. */
export type RejoinDecision =
  | { readonly act: 'stand down'; readonly because: string }
  | {
      readonly act: 'refuse';
      readonly because: string;
      readonly refusals: readonly Refusal[];
      /** It can follow again once it is; left out = that would not help. */
      readonly unless?: 'filled anew';
    }
  /** It takes writes beside the primary: close it, then look again, for its position still moved. */
  | { readonly act: 'close'; readonly because: string; readonly primary: string }
  /** Its relay log holds what must be in its binary log before anybody can judge or copy it. */
  | { readonly act: 'apply'; readonly because: string; readonly primary: string }
  /** It alone has transactions: copy them, show them, ask. */
  | { readonly act: 'settle extras'; readonly because: string; readonly primary: string; readonly extra: string }
  | { readonly act: 'follow'; readonly because: string; readonly primary: string };

/**
 * May this server follow the primary, and what must be done before? By what it **holds** (executed or received), compared with what the
 * primary has executed. Asked again after each step, so that each answer is about one thing. Never throws on sound GTID text.
 * Source: MySQL manual, "GTID Auto-Positioning", "Functions Used with Global Transaction Identifiers".
 */
export function decideRejoin(question: RejoinQuestion): RejoinDecision {
  const { cluster, snapshot, instance } = question;
  if (instanceNamed(cluster, instance) === undefined)
    return refuse([
      {
        sentence: `${instance} is not an instance of ${cluster.name}`,
        cure: `name one of ${cluster.instances.map(({ name }) => name).join(', ')}`,
      },
    ]);
  const member = snapshot.members.find(({ name }) => name === instance);
  const primary = presentPrimary(cluster, snapshot);
  if (primary?.name === instance) return { act: 'stand down', because: `${instance} is the primary` };
  const refusals = [
    ...refusalsOfCluster(question, primary),
    ...(member?.readable === false ? [unreadableRefusal(member)] : []),
    ...(member?.readable && primary ? refusalsOfIdentity(snapshot, member, primary) : []),
  ];
  if (refusals.length > 0 || !primary || !member?.readable) return refuse(refusals);
  return judgePosition(question, member, primary);
}

/** Whom the newest epoch names and who takes writes; without epochs, whom everything else points to. null = nobody is well. */
export function presentPrimary(cluster: Cluster, snapshot: ClusterSnapshot): InstanceFacts | null {
  const found = primaryOf(snapshot, cluster);
  const name = outsiders(snapshot).current ?? (found.state === 'open' ? found.primary : null);
  return readable(snapshot.members).find((member) => member.name === name) ?? null;
}

function refusalsOfCluster({ cluster, snapshot, instance }: RejoinQuestion, primary: InstanceFacts | null): Refusal[] {
  if (!primary)
    return [
      {
        sentence: `${primaryOf(snapshot, cluster).because}: there is no primary to follow`,
        cure: 'start emergencyFailover; when a primary is well, start this again',
      },
    ];
  return readable(snapshot.members)
    .filter((member) => !member.readOnly && member.name !== primary.name && member.name !== instance)
    .map(({ name }) => ({
      sentence: `${name} is writable beside ${primary.name} (invariant 1)`,
      cure: `SET GLOBAL super_read_only = ON on ${name}, then look at its errant transactions`,
    }));
}

function judgePosition(question: RejoinQuestion, me: InstanceFacts, primary: InstanceFacts): RejoinDecision {
  const { name } = me;
  const to = { primary: primary.name };
  if (!me.readOnly)
    return {
      act: 'close',
      because: `${name} takes writes, although ${primary.name} is the primary (invariant 1): it is closed before anything else`,
      ...to,
    };

  const executed = parseGtidSet(me.gtid.executed);
  const holds = heldBy(me);
  const extra = extraOf(me, holds, primary);
  const missing = subtract(parseGtidSet(primary.gtid.purged), executed);
  const waiting = subtract(holds, executed);
  const decides = !contains(executed, extra) || (!isEmpty(missing) && contains(holds, missing));
  const standsStill = !isEmpty(waiting) && channelOf(me)?.applier !== 'running';
  if (decides || standsStill)
    return {
      act: 'apply',
      because: `${name} has ${count(waiting)} transactions in its relay log: they are applied before it is turned (invariant 3)`,
      ...to,
    };
  if (!isEmpty(extra))
    return {
      act: 'settle extras',
      because: `${name} alone has ${print(extra)}: ${count(extra)} transactions that ${primary.name} never had (invariant 4)`,
      ...to,
      extra: print(extra),
    };
  if (!isEmpty(missing))
    return refuse(
      [
        {
          sentence: `${name} lacks ${print(missing)}, and ${primary.name} has purged the binary logs that hold them: it cannot catch up`,
          cure: `fill it anew: runbook start provisionReplica --cluster ${question.cluster.name} --input '{"instance": "${name}"}'; it is left as it is`,
        },
      ],
      'filled anew',
    );
  const open = unsettled(question, me, primary);
  if (open.length === 0)
    return { act: 'stand down', because: `${name} replicates from ${primary.name} and is as declared: nothing to do` };
  return {
    act: 'follow',
    because: `${name} has nothing that ${primary.name} lacks and can follow it; to be settled: ${open.join(', ')}`,
    ...to,
  };
}

const heldBy = (me: InstanceFacts): GtidSet =>
  me.channels.reduce((sum, channel) => union(sum, parseGtidSet(channel.retrieved)), parseGtidSet(me.gtid.executed));

/**
 * Members are read at the same time but not at one moment: while it receives, it may have what the primary wrote after it was read. One
 * that receives from nobody is compared exactly, with the primary's own transactions too: a primary that was restored from a backup
 * lacks some of its own.
 */
function extraOf(me: InstanceFacts, holds: GtidSet, primary: InstanceFacts): GtidSet {
  const more = subtract(holds, parseGtidSet(primary.gtid.executed));
  const receives = me.channels.some(({ receiver }) => receiver === 'running');
  return receives ? without(more, primary.serverUuid) : more;
}

/** What is not yet as the inventory declares it. Empty = it is a replica like every other. */
function unsettled(
  { cluster, snapshot, routers }: RejoinQuestion,
  me: InstanceFacts,
  primary: InstanceFacts,
): string[] {
  const channel = channelOf(me);
  const declared = instanceNamed(cluster, me.name);
  const waits = me.semiSync.sourceEnabled;
  const acknowledges = me.semiSync.replicaEnabled || !me.semiSync.replicaInstalled;
  const readsGoElsewhere = routers.filter(
    ({ readers = [] }) => readers.length > 0 && !readers.includes(me.name) && (declared?.delaySeconds ?? 0) === 0,
  );
  const is = (wrong: boolean, what: string): string[] => (wrong ? [what] : []);
  return [
    ...is(!channel || sourceOf(snapshot.members, me)?.name !== primary.name, `it does not copy from ${primary.name}`),
    ...is(channel !== undefined && channel.receiver !== 'running', 'it receives nothing'),
    ...is(channel !== undefined && channel.applier !== 'running', 'it applies nothing'),
    ...is(channel !== undefined && channel.delaySeconds !== (declared?.delaySeconds ?? 0), 'its delay'),
    ...is(!me.superReadOnly, 'super_read_only'),
    ...is(waits || (cluster.durability !== 'async' && !acknowledges), 'its semi-synchronous role'),
    ...is(readsGoElsewhere.length > 0, `reads of ${readsGoElsewhere.map(({ router }) => router).join(', ')}`),
  ];
}

const refuse = (refusals: readonly Refusal[], unless?: 'filled anew'): RejoinDecision => ({
  act: 'refuse',
  because: refusals.map(({ sentence }) => sentence).join('; '),
  refusals,
  ...(unless && { unless }),
});

/** Is the primary that this run counts on still the one that takes writes? While it is not, the emergency needs the cluster's lock. */
export const primaryIsWell = ({ members }: { readonly members: readonly Member[] }, primary: string): boolean =>
  readable(members).some((member) => member.name === primary && !member.readOnly);
