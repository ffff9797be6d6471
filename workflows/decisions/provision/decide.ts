import { instanceNamed } from '../cluster';
import { channelOf, type InstanceFacts, readable } from '../facts';
import { count, intersect, isEmpty, parseGtidSet, print, subtract, union } from '../gtid-set';
import { hashOf, type Risk, tellRisk } from '../plan';
import { bytes } from '../progress';
import { presentPrimary } from '../rejoin';
import { unreadableRefusal } from '../rejoin-refusals';
import { type Refusal } from '../refusal';
import { type PlanSummary } from '../report';
import { sourceOf } from '../topology';
import { chooseDonors, type Donor } from './donors';
import { type CopyFacts, copyOf, type ProvisionSurvey } from './facts';
import { refusalsOfBackup } from './backup';
import { planFiles } from './physical';
import { type Strategy, unread, waysFrom, whyNot } from './strategies';

export interface ProvisionQuestion {
  readonly survey: ProvisionSurvey;
  readonly instance: string;
  /** Wanted by name; null = the best. */
  readonly donor: string | null;
  readonly strategy: Strategy | null;
  /** A replica that is well is filled anew all the same. */
  readonly rebuild: boolean;
  /** What only the recipient has may be lost, if a person agrees. */
  readonly extras: 'refuse' | 'ask';
  /** Donors that were tried and failed. */
  readonly without: readonly string[];
}

export interface ProvisionPlan {
  readonly instance: string;
  readonly primary: string;
  readonly strategy: Strategy;
  /** Whose data it gets: an instance, or the backup in words. */
  readonly donor: string;
  /** Id of the backup; null = an instance gives. */
  readonly backup: string | null;
  /** A replica that stands beside it; null = there is none. */
  readonly comparedWith: string | null;
  /** GTID set (text) that nobody else has; '' = none. */
  readonly extra: string;
  readonly bytes: number | null;
  /** What it holds now lies beside the new data until its server answers. */
  readonly keepsOld: boolean;
  readonly risks: readonly Risk[];
  readonly because: string;
  readonly hash: string;
}

export type ProvisionDecision =
  | { readonly act: 'refuse'; readonly because: string; readonly refusals: readonly Refusal[] }
  | { readonly act: 'stand down'; readonly because: string }
  | { readonly act: 'provision'; readonly because: string; readonly plan: ProvisionPlan };

const refuse = (refusals: readonly Refusal[]): ProvisionDecision => ({
  act: 'refuse',
  because: refusals.map(({ sentence }) => sentence).join('; '),
  refusals,
});

/** May this server be filled anew, from whom, and how? Everything that stands against it is named at once, before anything is dropped. */
export function decideProvision(question: ProvisionQuestion): ProvisionDecision {
  const { survey, instance } = question;
  const { cluster, snapshot } = survey;
  if (!instanceNamed(cluster, instance)) return refuse([notDeclared(question)]);
  const primary = presentPrimary(cluster, snapshot);
  const member = snapshot.members.find(({ name }) => name === instance);
  if (!primary)
    return refuse([
      { sentence: `${cluster.name} has no primary to follow`, cure: 'start emergencyFailover, then this again' },
    ]);
  if (primary.name === instance)
    return refuse([
      {
        sentence: `${instance} is the primary: filling it anew would drop what clients write (invariant 1)`,
        cure: 'move the primary first: plannedSwitchover',
      },
    ]);
  if (member?.readable !== true) return refuse(member ? [unreadableRefusal(member)] : []);
  if (!question.rebuild && isWell(survey, member, primary))
    return {
      act: 'stand down',
      because: `${instance} replicates from ${primary.name} already; to fill it anew all the same: {"rebuild": true}`,
    };
  const extra = extraOf(survey, member, primary);
  const refusals = [...refusalsOfRecipient(survey, member, primary), ...refusalsOfExtra(question, extra)];
  if (refusals.length > 0) return refuse(refusals);
  return chooseWay(question, primary, extra);
}

function chooseWay(question: ProvisionQuestion, primary: InstanceFacts, extra: string): ProvisionDecision {
  const { survey, instance, donor: wanted, without } = question;
  const ranked = chooseDonors({ survey, instance, primary, without });
  const donors = wanted === null ? ranked : ranked.filter(({ name }) => name === wanted);
  const ways = waysFrom(
    survey,
    donors.map(({ name }) => name),
    question.strategy,
  );
  const against: Refusal[] = [];
  const ask = (these: readonly Donor[]): ProvisionDecision | null => {
    for (const strategy of ways)
      for (const donor of these) {
        const refusals = whyNot(strategy, survey, donor.name, instance);
        if (refusals.length === 0) return found(question, { primary, extra, strategy, donor, ranked, against });
        against.push(...refusals);
      }
    return null;
  };
  const given = ask(donors.filter(({ risks }) => risks.length === 0));
  if (given) return given;
  if (wanted === null && (question.strategy ?? 'backup') === 'backup') {
    const stored = fromStore(question, primary);
    const { donor, backup } = stored;
    if (donor) return found(question, { primary, extra, strategy: 'backup', donor, backup, ranked, against });
    // Who has no backups was not going to use one.
    if (question.strategy === 'backup' || survey.stored !== undefined) against.push(...stored.refusals);
  }
  const asked = ask(donors.filter(({ risks }) => risks.length > 0));
  if (asked) return asked;
  if (question.strategy === 'backup' && wanted !== null)
    against.unshift({ sentence: 'a backup has no donor', cure: 'leave donor out' });
  else if (donors.length === 0 && ways.length > 0)
    against.unshift({
      sentence:
        wanted === null
          ? `nobody can give ${instance} its data: no replica follows without delay${without.length > 0 ? `, or was not tried yet (${without.join(', ')})` : ''}`
          : `${wanted} cannot give its data now; those that can: ${ranked.map(({ name }) => name).join(', ') || 'none'}`,
      cure: 'look at runbook topology',
    });
  return refuse(against);
}

/** The store gives without loading anybody, unless something stands against it. */
function fromStore(
  { survey, instance, without }: ProvisionQuestion,
  primary: InstanceFacts,
): { readonly donor: Donor | null; readonly backup: string | null; readonly refusals: readonly Refusal[] } {
  const [to, at] = [copyOf(survey, instance), instanceNamed(survey.cluster, instance)];
  if (!to || !at) return { donor: null, backup: null, refusals: [unread(survey, instance)] };
  const refusals = refusalsOfBackup(survey, to, at, primary);
  const { stored } = survey;
  const backup = stored && 'backup' in stored ? stored.backup : null;
  const name = `backup ${backup?.id ?? ''}`;
  if (refusals.length > 0 || !backup || without.includes(name)) return { donor: null, backup: null, refusals };
  const behind = count(subtract(parseGtidSet(primary.gtid.executed), parseGtidSet(backup.gtids)));
  return { donor: { name, behind, risks: [] }, backup: backup.id, refusals };
}

interface Way {
  readonly primary: InstanceFacts;
  readonly extra: string;
  readonly strategy: Strategy;
  readonly donor: Donor;
  readonly backup?: string | null;
  /** All that could give. */
  readonly ranked: readonly Donor[];
  readonly against: readonly Refusal[];
}

function found({ survey, instance }: ProvisionQuestion, way: Way): ProvisionDecision {
  const { primary, extra, strategy, donor, backup = null, ranked, against } = way;
  const size = copyOf(survey, donor.name)?.bytes ?? null;
  const from = ` from ${donor.name}${donor.behind > 0 ? `, ${donor.behind} transactions behind` : ''}`;
  const notes = against.length > 0 ? `; not otherwise: ${against.map(({ sentence }) => sentence).join('; ')}` : '';
  const because = `${instance} is filled by ${strategy}${from}${size === null ? '' : ` (${bytes(size)})`}${notes}`;
  const me = readable(survey.snapshot.members).find(({ name }) => name === instance);
  const here = copyOf(survey, instance);
  const half = me && hasUnknown(me, here) ? here?.half : undefined;
  const risks: Risk[] = [
    ...donor.risks,
    ...(half === undefined
      ? []
      : [
          {
            code: 'HALF_COPY_DROPPED',
            invariant: 4,
            sentence: `${instance} holds half of a copy ${half} and nothing of its own: it is dropped`,
          },
        ]),
    ...(extra === ''
      ? []
      : [{ code: 'EXTRAS_LOST', invariant: 4, sentence: `${instance} alone has ${extra}, which is dropped` }]),
  ];
  const [beside = null] = backup === null ? [donor.name] : ranked.map(({ name }) => name);
  const comparedWith = beside === primary.name ? null : beside;
  const about = { instance, primary: primary.name, strategy, donor: donor.name, backup, comparedWith, extra };
  const hash = hashOf({ kind: 'provision', ...about, risks: risks.map(({ sentence }) => sentence) });
  const keepsOld = strategy === 'physical' && planFiles(survey, donor.name, instance).keepsOld;
  return { act: 'provision', because, plan: { ...about, bytes: size, keepsOld, risks, because, hash } };
}

const notDeclared = ({ survey: { cluster }, instance }: ProvisionQuestion): Refusal => ({
  sentence: `${instance} is not an instance of ${cluster.name} in the inventory`,
  cure: `add below clusters.${cluster.name}.instances: - { name: ${instance}, host: <its address>, port: 3306 }`,
});

function isWell(survey: ProvisionSurvey, me: InstanceFacts, primary: InstanceFacts): boolean {
  const channel = channelOf(me);
  const follows = sourceOf(survey.snapshot.members, me)?.name === primary.name;
  const can = isEmpty(subtract(parseGtidSet(primary.gtid.purged), parseGtidSet(me.gtid.executed)));
  return follows && channel?.receiver === 'running' && channel.applier === 'running' && can;
}

const heldBy = (one: InstanceFacts) =>
  one.channels.reduce((sum, channel) => union(sum, parseGtidSet(channel.retrieved)), parseGtidSet(one.gtid.executed));

/** What no other member that can be read has. A server without one user's schema has accounts to lose, and no data. */
function extraOf(survey: ProvisionSurvey, me: InstanceFacts, primary: InstanceFacts): string {
  const facts = copyOf(survey, me.name);
  if (facts?.schemas.length === 0) return '';
  const others = readable(survey.snapshot.members).filter(({ name }) => name !== me.name);
  const known = others.reduce((sum, other) => union(sum, heldBy(other)), heldBy(primary));
  return print(subtract(heldBy(me), known));
}

/** Data that no GTID speaks for. */
const hasUnknown = (me: InstanceFacts, facts: CopyFacts | undefined): boolean =>
  isEmpty(heldBy(me)) && (facts?.schemas.length ?? 0) > 0;

function refusalsOfExtra({ survey, instance, extras }: ProvisionQuestion, extra: string): Refusal[] {
  const facts = copyOf(survey, instance);
  const me = readable(survey.snapshot.members).find(({ name }) => name === instance);
  if (me && hasUnknown(me, facts) && facts?.half === undefined)
    return [
      {
        sentence: `${instance} has data (${facts?.schemas.slice(0, 5).join(', ')}) and no GTID: nobody can tell whether others have it (invariant 4)`,
        cure: `compare it, then drop those schemas on ${instance} by hand`,
      },
    ];
  if (extra === '' || extras === 'ask') return [];
  return [
    {
      sentence: `${instance} alone has ${extra} (invariant 4)`,
      cure: `let it rejoin first (rejoinInstance copies them to a file and asks); or agree to their loss: {"extras": "ask"}, which copies them to a file first`,
    },
  ];
}

function refusalsOfRecipient(survey: ProvisionSurvey, me: InstanceFacts, primary: InstanceFacts): Refusal[] {
  const { name } = me;
  const refusals: Refusal[] = [];
  const add = (sentence: string, cure: string) => refusals.push({ sentence, cure });
  const unread = survey.copies.find((one) => one.name === name);
  if (unread && 'because' in unread)
    add(
      `the account that copies cannot look at ${name}: ${unread.because}`,
      'create it there as docs/security.md says; what is filled takes over the accounts of its donor',
    );
  const twin = readable(survey.snapshot.members).find(
    (other) => other.name !== name && (other.serverUuid === me.serverUuid || other.serverId === me.serverId),
  );
  if (twin)
    add(
      `${name} and ${twin.name} have the same ${twin.serverUuid === me.serverUuid ? 'server_uuid' : 'server_id'}`,
      `give ${name} one of its own (auto.cnf, or server_id in my.cnf)`,
    );
  if (me.feeds.length > 0)
    add(`${me.feeds.length} replicas copy from ${name}`, 'point them at another source first, for example the primary');
  const { semiSync } = primary;
  const acknowledging = readable(survey.snapshot.members).filter(({ semiSync: one }) => one.replicaActive);
  if (semiSync.sourceActive && me.semiSync.replicaActive && acknowledging.length <= semiSync.waitForReplicaCount)
    add(`commits wait for ${name} alone`, 'bring another replica back first');
  const common = intersect(parseGtidSet(me.gtid.executed), parseGtidSet(primary.gtid.executed));
  if (!me.readOnly && !isEmpty(common))
    add(
      `${name} takes writes beside ${primary.name} (invariant 1)`,
      `SET GLOBAL super_read_only = ON there, then look at what it alone has`,
    );
  return refusals;
}

/** What a person sees and agrees to. */
export function summariseProvision({
  instance,
  primary,
  strategy,
  donor,
  comparedWith,
  keepsOld,
  because,
  risks,
  hash,
}: ProvisionPlan): PlanSummary {
  return {
    hash,
    kind: 'provision',
    summary: `fill ${instance} anew by ${strategy} from ${donor} and let it follow ${primary}`,
    lines: [
      because,
      keepsOld
        ? `all data of ${instance} is set aside, and goes when its server answers on the new`
        : `all data of ${instance} is dropped first; until it is filled it is unusable`,
      `${instance} follows ${primary} by auto-position, read-only for good, and catches up`,
      `${comparedWith === null ? 'it is compared with nobody, for there is no other replica' : `some of its tables are compared with ${comparedWith} at the same GTID set`}; then reads come to it`,
    ],
    risks: risks.map(tellRisk),
  };
}
