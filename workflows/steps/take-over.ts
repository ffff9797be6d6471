import { type Opened, type Sight } from '../../activities';
import { elect, type Election } from '../decisions/election';
import { errantByReplica, rememberPrimary } from '../decisions/errant';
import { channelOf, type ClusterSnapshot, newestEpoch, readable } from '../decisions/facts';
import { followers } from '../decisions/followers';
import { judgeFence } from '../decisions/fence';
import { freeze, type FailoverPlan, newRisks, summarise, tellRisk } from '../decisions/plan';
import { type RunbookReport } from '../decisions/report';
import { isOfElection, risksOfElection } from '../decisions/risks';
import { judgeRpo } from '../decisions/rpo';
import { measureRto } from '../decisions/rto';
import { showElected } from '../decisions/shown';
import { emergency } from './activities';
import { insist, type Insisting } from './insist';
import { type Mandate } from './mandate';
import { nameLingering, proveByRouters, routeAndProve, unproven } from './route';
import { failureCode, failureWords } from './runbook';
import { closeAgain, stepBack, tidyUp } from './tidy-up';
import { goOnWithoutRouters } from './unreachable';

/** From the fence to the report. There is no way back from the first step on: what follows is carried to its end. */
export async function takeOver(given: Mandate): Promise<RunbookReport> {
  const { book, gate, sight, order } = given;
  const ready = given.plan.kind === 'promote' ? await fenceAndElect(given) : given.plan;
  if (ready === null) return stepBack(given);
  if (ready.kind === 'finish') await fenceReplaced(given);

  const end = await openElected(given, ready);
  if (end === null) return stepBack(given);
  const { plan, opened } = end;
  book.found.newPrimary = plan.newPrimary;

  book.phase('route', `${plan.newPrimary} takes writes; routers are pointed at it`);
  const routed = await insist({ gate, sight, plan }, () => routeAndProve(book, sight, plan.newPrimary, opened.uuid));
  if (routed === null) book.found.left.push(`the routers were not pointed at ${plan.newPrimary}: do it by hand`);
  if (plan.kind === 'finish') proveByRouters(book, plan, routed);
  if (plan.kind !== 'reopen') nameLingering(book, plan.oldPrimary, routed);
  book.found.rto = measureRto(
    order.watcher?.lastSeen ?? sight.sighting.lastSeen,
    book.startedAt,
    routed?.provedAt ?? null,
  );

  await book.nobodyWaits();
  book.phase('tidy', `${plan.newPrimary} takes writes; the rest is tidied up`);
  return tidyUp(given, plan, routed === null ? sight.cluster.routers.map(({ name }) => name) : unproven(routed));
}

/** No way back from here: fence before electing, so that a primary that wakes up can no longer acknowledge a commit. */
async function fenceAndElect(given: Mandate): Promise<FailoverPlan | null> {
  const { book, gate, sight, plan, approved } = given;
  const { cluster } = sight;
  const answered = sight.sighting.snapshot.members.some((member) => member.name === plan.oldPrimary && member.readable);
  book.phase('fence', `fencing ${plan.oldPrimary}`);
  const fenced = await insist({ gate, sight, plan }, () =>
    book.step(
      'Fence the old primary and make positions hold still',
      () => emergency.fenceOldPrimary({ cluster, oldPrimary: plan.oldPrimary, answered }),
      ({ findings }) =>
        `${findings.receiversStopped.length} receivers stopped, ${findings.routers.filter((router) => router.fenced).length} of ${findings.routers.length} routers fenced`,
    ),
  );
  if (fenced === null) return null;
  const findings = await goOnWithoutRouters(given, fenced.findings);
  if (findings === null) return null;
  const fence = judgeFence(cluster, plan.oldPrimary, findings);
  book.found.fenceProofs.push(...fence.proofs);
  const vouchedFor = approved && plan.risks.some((risk) => risk.code === 'NO_FENCE');
  if (fence.risks.length > 0 && !vouchedFor) {
    const answer = await gate.askMidway(
      cluster,
      plan.hash,
      `Go on without proof that ${plan.oldPrimary} is fenced?`,
      fence.risks.map((risk) => `${risk.sentence} (invariant 1)`),
    );
    if (answer.verdict !== 'approved') return null;
  }
  return replan({ book, gate, sight, plan, approved }, fenced.frozen, []);
}

/** Another server is open already: nothing may be stopped once more, but the one it replaced must not take writes beside it. */
async function fenceReplaced({ book, gate, sight, plan }: Mandate): Promise<void> {
  const { cluster } = sight;
  const member = sight.sighting.snapshot.members.find((one) => one.name === plan.oldPrimary);
  book.phase('fence', `fencing ${plan.oldPrimary}, which ${plan.newPrimary} has replaced`);
  const itself = await insist({ gate, sight, plan }, () =>
    book.step(
      `Fence ${plan.oldPrimary}`,
      () => emergency.fenceServer({ cluster, oldPrimary: plan.oldPrimary, answered: member?.readable ?? false }),
      ({ superReadOnly, command }) =>
        `super_read_only: ${superReadOnly.because}${command ? `; fence command: ${command.because}` : ''}`,
    ),
  );
  if (itself === null) return;
  const findings = { routers: [], receiversStopped: [], receiversNotStopped: [], ...itself };
  book.found.fenceProofs.push(...judgeFence(cluster, plan.oldPrimary, findings).proofs);
}

const readAgain = ({ gate, sight, plan }: Insisting): Promise<ClusterSnapshot | null> =>
  insist({ gate, sight, plan }, () => emergency.readMembers({ cluster: sight.cluster, without: [plan.oldPrimary] }));

type Replanning = Pick<Mandate, 'book' | 'gate' | 'sight' | 'plan' | 'approved'>;

/** Elect for good, on positions that hold still. Where that means more than was agreed to, ask; writes stay closed meanwhile. */
async function replan(
  given: Replanning,
  frozen: ClusterSnapshot,
  without: readonly string[],
): Promise<FailoverPlan | null> {
  const { book, gate, sight, plan, approved } = given;
  const snapshot = { ...frozen, members: frozen.members.filter((member) => !without.includes(member.name)) };
  const election = electAgain(sight, plan, snapshot, approved);
  book.found.decisions.push(`elected on frozen positions: ${election.because}`);
  if (election.chosen === null) {
    const answer = await gate.askMidway(sight.cluster, plan.hash, `${election.because}. Look again?`, [
      'approve: look at all members again; reject: stop here, with writes closed',
    ]);
    if (answer.verdict !== 'approved') return null;
    const later = await readAgain(given);
    if (later === null) return null;
    return replan({ ...given, approved: true }, later, []);
  }
  const { lastSeen } = sight.sighting;
  // A candidate that died after it was read on frozen positions hides nothing: all it held is in the plan's target.
  const nothingHidden = without.length > 0 && election.missing === '' ? plan.rpo : null;
  const rpo =
    nothingHidden ??
    judgeRpo({
      cluster: sight.cluster,
      snapshot,
      oldPrimary: plan.oldPrimary,
      lastSeen,
      missing: election.missing,
      seenFollowing: acknowledgersAt(sight.sighting.snapshot),
      fencedAt: snapshot.takenAt,
    });
  const repoint = followers(snapshot, plan.oldPrimary, election.chosen);
  const next = freeze({
    ...plan,
    risks: [
      ...plan.risks.filter((risk) => !isOfElection(risk)),
      ...risksOfElection({ cluster: sight.cluster, election, rpo, followers: Object.keys(repoint).length }),
    ],
    newPrimary: election.chosen,
    fetchFrom: election.fetchFrom,
    target: election.target,
    ranking: election.ranking,
    repoint,
    rpo,
    summary: `promote ${election.chosen} in place of ${plan.oldPrimary}: ${election.because}`,
  });
  book.found.plan = summarise(next);
  book.found.rpo = rpo;
  const because = whyAskAgain(plan, next, approved);
  if (because.length === 0) return next;
  const answer = await gate.ask(sight.cluster, {
    text: `${next.summary}?`,
    because,
    shown: showElected(next),
    plan: next.hash,
  });
  return answer.verdict === 'approved' ? next : null;
}

const acknowledgersAt = ({ members }: ClusterSnapshot): string[] =>
  readable(members)
    .filter((member) => channelOf(member) && member.semiSync.replicaEnabled)
    .map(({ name }) => name);

function electAgain(
  { cluster, sighting }: Sight,
  plan: FailoverPlan,
  snapshot: ClusterSnapshot,
  approved: boolean,
): Election {
  const { lastSeen } = sighting;
  const remembered = rememberPrimary(sighting.snapshot, plan.oldPrimary, lastSeen);
  const errant = errantByReplica(snapshot, plan.oldPrimary, remembered);
  // What a replica held at the look was received, also when that replica has died since: whoever opens without it loses it.
  const known = plan.target;
  const ask = { cluster, snapshot, oldPrimary: plan.oldPrimary, lastSeen, known, errant };
  const willing = elect(ask);
  return willing.chosen === null && approved ? elect({ ...ask, allowBarred: true }) : willing;
}

/** A person agreed to one server by name; an automatic run agreed to whatever brings no new risk. */
function whyAskAgain(agreed: FailoverPlan, next: FailoverPlan, approved: boolean): string[] {
  const risks = newRisks(agreed, next).map(tellRisk);
  const moved = approved && agreed.newPrimary !== next.newPrimary;
  if (risks.length === 0 && !moved) return [];
  return ['this is not what was agreed to: positions or members changed while the old primary was fenced', ...risks];
}

/** Open the elected one. When it dies on the way another is elected; nobody was told of a write yet, so that is safe. */
async function openElected(
  given: Mandate,
  first: FailoverPlan,
): Promise<{ plan: FailoverPlan; opened: Opened } | null> {
  const { book, gate, sight } = given;
  const dead: string[] = [];
  for (let plan: FailoverPlan | null = first; plan !== null;) {
    const { newPrimary } = plan;
    const order = {
      cluster: sight.cluster,
      candidate: newPrimary,
      fetchFrom: plan.fetchFrom,
      target: plan.target,
      followers: Object.keys(plan.repoint),
      run: book.run,
      semiSync: semiSyncOf(sight, newPrimary),
      // A candidate that died after it wrote its epoch must not share the number with its successor.
      minEpoch: newestEpoch(sight.sighting.snapshot) + 1 + dead.length,
    };
    book.phase('promote', `${newPrimary} is being opened`);
    try {
      const opened = await book.step(
        `Apply the relay log of ${newPrimary}, then open its writes`,
        () => emergency.openPrimary(order),
        (done) => (done.result === 'already' ? 'it was open already' : `open as epoch ${done.epoch}`),
      );
      return { plan, opened };
    } catch (error) {
      if (failureCode(error) === 'CANDIDATE_LOST' && plan.kind === 'promote') {
        dead.push(newPrimary);
        book.found.left.push(
          `${newPrimary} died while it was being opened: keep it away from clients, and rebuild it before it rejoins`,
        );
      } else {
        const answer = await gate.askMidway(sight.cluster, plan.hash, `${failureWords(error)} Try again?`, [
          'approve: look at the members and elect again; reject: stop here, with writes closed',
        ]);
        if (answer.verdict !== 'approved') {
          // Its writes may be open already: what nobody was told of must not stay open behind the routers' back.
          if (plan.kind !== 'finish') await closeAgain(book, sight, newPrimary);
          return null;
        }
        if (plan.kind !== 'promote') continue;
      }
    }
    const frozen = await readAgain({ gate, sight, plan });
    if (frozen === null) return null;
    plan = await replan({ ...given, plan }, frozen, dead);
  }
  return null;
}

/** From the first look: a later one may find what an attempt that died has left. */
function semiSyncOf({ sighting }: Sight, name: string) {
  const facts = readable(sighting.snapshot.members).find((member) => member.name === name)?.semiSync;
  return facts?.sourceInstalled ? facts : null;
}
