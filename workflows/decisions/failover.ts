import { notesOfApplications } from './applications';
import { type Cluster } from './cluster';
import { diagnosePrimary, type Diagnosis } from './diagnosis';
import { elect } from './election';
import { errantByReplica } from './errant';
import { type LastSeen, type Sighting } from './evidence';
import { channelOf, type InstanceFacts, newestPromotion, readable } from './facts';
import { followersOfRelease } from './followers';
import { subtractText } from './gtid-set';
import { freeze, type FailoverPlan, type PlanWithoutHash, type Risk } from './plan';
import { lingering, notesOfFailover } from './lingering';
import { planReattach } from './reattach';
import { planReroute, risksOfRouters } from './reroute';
import { risksOfPromotion, risksOfRival, risksOfTakeover } from './risks';
import { judgeRpo } from './rpo';
import { sourceOf } from './topology';
import { notesOfAbsence } from './unreachable';

/** What to do about a cluster, and why. Standing down without a change is a result, not an error. */
export type Decision =
  | { readonly act: 'stand down'; readonly diagnosis: Diagnosis; readonly because: string }
  | { readonly act: 'carry out'; readonly diagnosis: Diagnosis; readonly because: string; readonly plan: FailoverPlan };

export interface FailoverQuestion {
  readonly cluster: Cluster;
  readonly sighting: Sighting;
  /** A human has already agreed to candidates that are barred. */
  readonly allowBarred?: boolean;
}

/**
 * Decide what an emergency calls for. The order matters: first whether the primary lives, then whether somebody else has
 * acted already, and only then whom to promote.
 */
export function decideFailover(question: FailoverQuestion): Decision {
  const { cluster, sighting } = question;
  const diagnosis = diagnosePrimary(sighting);
  const primary = sighting.primary;
  const standDown = (because: string): Decision => ({ act: 'stand down', diagnosis, because });
  const carryOut = (because: string, plan: PlanWithoutHash): Decision => ({
    act: 'carry out',
    diagnosis,
    because,
    plan: freeze(plan),
  });
  if (primary === null) return standDown(diagnosis.because);

  const rivals = readable(sighting.snapshot.members).filter((member) => member.name !== primary && !member.readOnly);
  if (rivals.length > 1) {
    return standDown(
      `${names(rivals)} are all writable: nothing is opened or moved while two servers may take writes (invariant 1); make all but the right one read-only`,
    );
  }
  const rival = rivals[0];

  if (diagnosis.state === 'healthy') {
    if (rival)
      return standDown(
        `${diagnosis.because}, but ${rival.name} is writable too (invariant 1): set super_read_only there, then look at its errant transactions`,
      );
    // Writes first: replicas that lost their source can wait for the next run.
    const repair = planReroute(sighting, primary) ?? planReattach(cluster, sighting.snapshot, primary);
    return repair
      ? carryOut(`${diagnosis.because}; ${repair.summary}`, repair)
      : standDown(`${diagnosis.because}: nothing to do`);
  }
  const old = readable(sighting.snapshot.members).find((member) => member.name === primary);
  if (rival && old && diagnosis.state === 'read-only' && sourceOf(sighting.snapshot.members, old) === rival)
    return standDown(
      `${rival.name} takes writes and ${primary} replicates from it: the primary was moved on purpose, there is nothing to do`,
    );
  // Also while a human must say whether the old one lives: to elect a third server beside an open one is never right.
  if (rival && (diagnosis.writesAreOver !== 'no' || diagnosis.state === 'read-only')) {
    return carryOut(
      `${diagnosis.because}; ${rival.name} has been opened already`,
      finishPlan(question, diagnosis, primary, rival),
    );
  }
  const reopening = reopenPlan(question, primary);
  if (diagnosis.state === 'read-only' && reopening)
    return carryOut(`${diagnosis.because}; ${reopening.summary}`, reopening);
  if (diagnosis.writesAreOver === 'no') return standDown(diagnosis.because);
  if (readable(sighting.snapshot.members).every((member) => member.name === primary)) {
    return standDown(
      `${diagnosis.because}; no other member can be read, so there is nobody to promote (invariant 7: unknown is not dead)`,
    );
  }
  return promoteOrStandDown(question, diagnosis, primary);
}

function promoteOrStandDown(question: FailoverQuestion, diagnosis: Diagnosis, primary: string): Decision {
  const { cluster, sighting } = question;
  const { snapshot, lastSeen } = sighting;
  const errant = errantByReplica(snapshot, primary, lastSeen);
  const ask = { cluster, snapshot, oldPrimary: primary, lastSeen, errant };
  const willing = elect(ask);
  // Where only barred candidates are left, the plan names the best of them and a human decides.
  const election = willing.chosen ? willing : elect({ ...ask, allowBarred: true });
  if (!election.chosen) return { act: 'stand down', diagnosis, because: `${diagnosis.because}; ${election.because}` };
  const chosen = election.chosen;
  const rpo = judgeRpo({ cluster, snapshot, oldPrimary: primary, lastSeen, missing: election.missing });
  const { repoint, stranded } = followersOfRelease(snapshot, primary, chosen);
  const plan = freeze({
    kind: 'promote',
    oldPrimary: primary,
    newPrimary: chosen,
    fetchFrom: election.fetchFrom,
    target: election.target,
    ranking: election.ranking,
    repoint,
    risks: [
      ...risksOfPromotion({
        ...{ cluster, oldPrimary: primary, diagnosis, election, rpo },
        followers: Object.keys(repoint).length,
      }),
      ...risksOfRouters(cluster, sighting.routers),
    ],
    notes: [...stranded, ...notesOf(question, primary)],
    rpo,
    summary: `promote ${chosen} in place of ${primary}: ${election.because}`,
  });
  return { act: 'carry out', diagnosis, because: `${diagnosis.because}; ${election.because}`, plan };
}

const notesOf = ({ cluster, sighting }: FailoverQuestion, primary: string): string[] => [
  ...notesOfFailover(lingering(cluster, sighting.routers), primary),
  ...notesOfAbsence(cluster, sighting.routers, primary),
  ...notesOfApplications(cluster, 'failover'),
];

function finishPlan(
  question: FailoverQuestion,
  diagnosis: Diagnosis,
  primary: string,
  opened: InstanceFacts,
): PlanWithoutHash {
  const { cluster, sighting } = question;
  const { snapshot, lastSeen } = sighting;
  const risks: Risk[] = [
    ...risksOfTakeover(sighting, opened, diagnosis),
    ...risksOfRival(cluster, opened),
    ...risksOfRouters(cluster, sighting.routers),
  ];
  const { repoint, stranded } = followersOfRelease(snapshot, primary, opened.name);
  return {
    kind: 'finish',
    oldPrimary: primary,
    newPrimary: opened.name,
    fetchFrom: null,
    target: opened.gtid.executed,
    ranking: [],
    repoint,
    risks,
    notes: [...stranded, ...notesOf(question, primary)],
    rpo: judgeRpo({ cluster, snapshot, oldPrimary: primary, lastSeen, missing: lackedBy(opened, lastSeen) }),
    summary: `${opened.name} takes writes already (opened by another tool or a person): verify it and finish what is left, elect nobody`,
  };
}

/** What the watcher saw committed and `opened` does not have. */
const lackedBy = (opened: InstanceFacts, lastSeen: LastSeen | null): string =>
  subtractText(lastSeen?.gtidExecuted ?? '', opened.gtid.executed);

/** A primary that restarted boots read-only, as it must. When nobody else was opened and it lacks nothing, it is its own best successor. */
function reopenPlan({ cluster, sighting }: FailoverQuestion, primary: string): PlanWithoutHash | null {
  const { snapshot, lastSeen } = sighting;
  const member = readable(snapshot.members).find((one) => one.name === primary);
  if (!member || lastSeen?.primaryUuid !== member.serverUuid) return null;
  // One that another promotion has made a replica may be behind its source by what nobody else shows.
  if (channelOf(member) && newestPromotion(snapshot)?.primaryUuid !== member.serverUuid) return null;
  const bootedAt = Date.parse(snapshot.takenAt) - member.uptimeSeconds * 1000;
  // Uptime is whole seconds. Read-only without a restart was somebody's will: that is for a human to undo.
  if (bootedAt + 1000 < Date.parse(lastSeen.at)) return null;
  return {
    kind: 'reopen',
    oldPrimary: primary,
    newPrimary: primary,
    fetchFrom: null,
    target: member.gtid.executed,
    ranking: [],
    repoint: {},
    risks: [...risksOfTakeover(sighting, member, null), ...risksOfRouters(cluster, sighting.routers)],
    rpo: judgeRpo({ cluster, snapshot, oldPrimary: primary, lastSeen, missing: lackedBy(member, lastSeen) }),
    summary: `${primary} has restarted and came up read-only, as every server must: open it again`,
  };
}

const names = (members: readonly InstanceFacts[]): string => members.map((member) => member.name).join(' and ');
