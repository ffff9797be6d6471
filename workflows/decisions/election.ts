import { type Cluster, type Instance, instanceNamed, type PromotionRule } from './cluster';
import { type LastSeen } from './evidence';
import { channelOf, type ClusterSnapshot, type InstanceFacts, readable } from './facts';
import { contains, count, emptyGtidSet, type GtidSet, isEmpty, parseGtidSet, print, subtract, union } from './gtid-set';

/** One replica as the election sees it. GTID sets are text; counts are transactions. */
export interface Contender {
  readonly name: string;
  /** executed ∪ retrieved: what it holds, applied or not. */
  readonly holds: string;
  readonly executed: string;
  readonly unapplied: number;
  /** Transactions that another sound replica (or the primary, when it was last seen) has and this one lacks. */
  readonly behind: number;
  readonly rule: PromotionRule;
  /** Why it cannot be chosen without a human, empty when it can. */
  readonly barred: readonly string[];
  readonly notes: readonly string[];
}

export interface Election {
  readonly chosen: string | null;
  /** Where the chosen one must fetch transactions from before it opens; null when it holds all. */
  readonly fetchFrom: string | null;
  /** What the chosen one must have executed before its writes open. */
  readonly target: string;
  /** Best first, then those that are barred. */
  readonly ranking: readonly Contender[];
  /** Seen on the primary, on a replica with errant transactions, or at an earlier look; held by no sound replica we can read. '' when none is known. */
  readonly missing: string;
  readonly because: string;
}

export interface ElectionQuestion {
  readonly cluster: Cluster;
  readonly snapshot: ClusterSnapshot;
  readonly oldPrimary: string;
  readonly lastSeen: LastSeen | null;
  /** What was known to be received at an earlier look, as a GTID set: it counts although its holder may be gone. */
  readonly known?: string;
  /** Errant transactions by replica name, as text. */
  readonly errant: ReadonlyMap<string, string>;
  /** A human has allowed candidates that are barred (errant, delayed, stopped applier). must_not stays barred. */
  readonly allowBarred?: boolean;
}

/**
 * Elect the replica that loses nothing that any sound replica *received*. A replica that may not be promoted can still hold
 * the last transaction: then the chosen one fetches it from there first. Never throws on facts; garbled GTID text is a bug.
 * Compare: Vitess reparentutil narrows in stages likewise; finding 1 of the field (vitessio/vitess#21092) is why the
 * primary's last seen set counts too.
 */
export function elect(question: ElectionQuestion): Election {
  const entrants = enter(question);
  const sound = entrants.filter((one) => isEmpty(one.errant));
  const pool = sound.length > 0 ? sound : entrants; // only errant ones left: a human may still choose among them
  const all = pool.reduce<GtidSet>((sum, one) => union(sum, real(one)), emptyGtidSet);
  const seen = question.lastSeen ? parseGtidSet(question.lastSeen.gtidExecuted) : emptyGtidSet;
  const earlier = parseGtidSet(question.known ?? '');
  // A replica with errant transactions is no source, but what it received besides is real: passing over it may lose that.
  const known = entrants.reduce<GtidSet>((sum, one) => union(sum, real(one)), union(seen, earlier));
  const missing = subtract(known, all);
  const everything = union(all, known);

  const ranking = entrants
    .map((one) => ({ one, contender: describe(one, all, everything, entrants, question) }))
    .sort((a, b) => compare(a.contender, b.contender));
  const facts = { target: print(all), ranking: ranking.map(({ contender }) => contender), missing: print(missing) };

  const eligible = ranking.filter(
    ({ one, contender }) => contender.barred.length === 0 || (question.allowBarred === true && one.rule !== 'must_not'),
  );
  for (const { one } of eligible) {
    const lost = { missing: print(subtract(missing, one.holds)) };
    if (contains(one.holds, all))
      return {
        ...facts,
        ...lost,
        chosen: one.facts.name,
        fetchFrom: null,
        because: sentence(one.facts.name, null, question, entrants),
      };
    const giver = sound.find(
      (other) => contains(other.holds, all) && contains(one.holds, parseGtidSet(other.facts.gtid.purged)),
    );
    if (giver) {
      return {
        ...facts,
        ...lost,
        chosen: one.facts.name,
        fetchFrom: giver.facts.name,
        because: sentence(one.facts.name, giver.facts.name, question, entrants),
      };
    }
  }
  return { ...facts, chosen: null, fetchFrom: null, because: nobody(facts.ranking, eligible.length > 0) };
}

interface Entrant {
  readonly facts: InstanceFacts;
  readonly instance: Instance;
  readonly rule: PromotionRule;
  readonly executed: GtidSet;
  readonly holds: GtidSet;
  readonly errant: GtidSet;
}

/** What it holds of the cluster's own history. */
const real = (one: Entrant): GtidSet => subtract(one.holds, one.errant);

function enter({ cluster, snapshot, oldPrimary, errant }: ElectionQuestion): Entrant[] {
  return readable(snapshot.members)
    .filter((facts) => facts.name !== oldPrimary)
    .flatMap((facts) => {
      const instance = instanceNamed(cluster, facts.name);
      if (!instance) return [];
      const executed = parseGtidSet(facts.gtid.executed);
      const holds = facts.channels.reduce((sum, channel) => union(sum, parseGtidSet(channel.retrieved)), executed);
      return [
        {
          facts,
          instance,
          rule: instance.promotion,
          executed,
          holds,
          errant: parseGtidSet(errant.get(facts.name) ?? ''),
        },
      ];
    });
}

function describe(
  one: Entrant,
  all: GtidSet,
  everything: GtidSet,
  entrants: readonly Entrant[],
  question: ElectionQuestion,
): Contender {
  const unapplied = count(subtract(one.holds, one.executed));
  return {
    name: one.facts.name,
    holds: print(one.holds),
    executed: print(one.executed),
    unapplied,
    behind: count(subtract(isEmpty(one.errant) ? everything : all, one.holds)),
    rule: one.rule,
    barred: whyBarred(one),
    notes: notesOn(one, entrants, question),
  };
}

function whyBarred({ facts, instance, rule, errant }: Entrant): string[] {
  const channel = channelOf(facts);
  const barred: string[] = [];
  if (rule === 'must_not') barred.push('must_not: the inventory forbids it');
  if (!isEmpty(errant)) barred.push(`errant transactions ${print(errant)} would spread`);
  const delay = Math.max(channel?.delaySeconds ?? 0, instance.delaySeconds);
  if (delay > 0) barred.push(`delayed by ${delay} s`);
  if (channel?.applierError)
    barred.push(`its applier stopped with error ${channel.applierError.code}: ${channel.applierError.message}`);
  if (facts.channels.length > 1) barred.push('it replicates from several sources');
  if (facts.gtid.mode !== 'ON') barred.push(`gtid_mode is ${facts.gtid.mode}`);
  if (!channel) barred.push('it replicates from nobody');
  return barred;
}

function notesOn(one: Entrant, entrants: readonly Entrant[], { cluster, oldPrimary }: ElectionQuestion): string[] {
  const notes: string[] = [];
  const older = entrants
    .filter((other) => rank(other.facts.release) < rank(one.facts.release))
    .map((other) => other.facts.name);
  if (older.length > 0)
    notes.push(`runs ${one.facts.release}: ${older.join(', ')} of an older release cannot safely follow it`);
  const purged = parseGtidSet(one.facts.gtid.purged);
  const stranded = entrants
    .filter((other) => other !== one && !contains(other.executed, purged))
    .map((other) => other.facts.name);
  if (stranded.length > 0) notes.push(`has purged binary logs that ${stranded.join(', ')} would still need`);
  const home = instanceNamed(cluster, oldPrimary)?.datacentre;
  if (home && one.instance.datacentre !== home) notes.push(`in datacentre ${one.instance.datacentre}, not ${home}`);
  return notes;
}

const rank = (release: string): number => ['5.7', '8.0', '8.4', '9.7'].indexOf(release);
const WISH: Record<PromotionRule, number> = { prefer: 0, neutral: 1, prefer_not: 2, must_not: 3 };

/** Unbarred first, then the operator's wish, then who lacks nothing, then who troubles nobody, then who has least to apply. */
function compare(a: Contender, b: Contender): number {
  return (
    Math.sign(a.barred.length) - Math.sign(b.barred.length) ||
    WISH[a.rule] - WISH[b.rule] ||
    Math.sign(a.behind) - Math.sign(b.behind) ||
    a.notes.length - b.notes.length ||
    a.behind - b.behind ||
    a.unapplied - b.unapplied ||
    (a.name < b.name ? -1 : 1)
  );
}

function sentence(
  chosen: string,
  giver: string | null,
  { errant }: ElectionQuestion,
  entrants: readonly Entrant[],
): string {
  const passedOver = entrants
    .filter((one) => !isEmpty(one.errant) && one.facts.name !== chosen)
    .map((one) => one.facts.name);
  const note = passedOver.length > 0 ? `; passed over ${passedOver.join(', ')} (errant transactions)` : '';
  const own = errant.get(chosen) ? `; it brings its errant transactions ${errant.get(chosen) ?? ''} with it` : '';
  return giver
    ? `${chosen} is chosen and first fetches from ${giver}, which received more${note}${own}`
    : `${chosen} holds everything that any sound replica received${note}${own}`;
}

function nobody(ranking: readonly Contender[], incomplete: boolean): string {
  if (ranking.length === 0) return 'no replica can be read, so there is nobody to promote';
  if (incomplete)
    return 'no replica holds everything that was received, and none can fetch all of it from another: they have diverged';
  return `nobody can be promoted without a human: ${ranking.map((one) => `${one.name} (${one.barred.join('; ')})`).join(', ')}`;
}
