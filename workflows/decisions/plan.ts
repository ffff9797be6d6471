import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Contender } from './election';
import { containsText } from './gtid-set';
import { type PlanSummary, type Rpo } from './report';

/** A reason why a human must agree before this plan runs, with the invariant of docs/invariants.md that it touches. */
export interface Risk {
  readonly code: string;
  readonly invariant: number | null;
  readonly sentence: string;
}

export type PlanKind =
  | 'promote' // the primary is over: elect and open another
  | 'finish' // somebody has opened another already: verify it, finish what is left
  | 'reopen' // the primary restarted and came up read-only, as it must: open it again
  | 'switch over' // the primary is well and is moved on purpose
  | 'reroute' // the primary is well, but a router does not lead to it: what a broken-off run left behind
  | 'reattach'; // an intermediate source died: its replicas get another source, writers notice nothing

export interface FailoverPlan {
  readonly kind: PlanKind;
  readonly oldPrimary: string;
  /** Who will take writes; for `reroute` and `reattach` who takes them already. */
  readonly newPrimary: string;
  readonly fetchFrom: string | null;
  /** What the new primary must have executed before writes open. */
  readonly target: string;
  readonly ranking: readonly Contender[];
  /** Replicas that get a new source, by name. */
  readonly repoint: Readonly<Record<string, string>>;
  readonly risks: readonly Risk[];
  /** What to know and not to agree to: no part of the hash. */
  readonly notes?: readonly string[];
  readonly rpo: Rpo | null;
  readonly summary: string;
  readonly hash: string;
}

export type PlanWithoutHash = Omit<FailoverPlan, 'hash'>;

/**
 * Freeze a plan: the hash covers what an approver agrees to, so a plan that changed is another plan. Positions are left out: they move
 * while a human reads (a disputed primary still writes, appliers still apply), and an approval would be void before it is given. What
 * matters of them is in: who is chosen, who lacks anything, what may be lost.
 */
export function freeze(plan: PlanWithoutHash): FailoverPlan {
  const ranking = plan.ranking.map(({ name, rule, barred, notes, behind }) => ({
    name,
    rule,
    barred,
    notes,
    lacks: behind > 0,
  }));
  return { ...plan, hash: hashOf({ ...plan, ranking, target: undefined, notes: undefined, hash: undefined }) };
}

/** What an approval is bound to: the same facts always give the same text. */
export const hashOf = (agreedTo: object): string => bytesToHex(sha256(utf8ToBytes(canonical(agreedTo))));

/** JSON with sorted keys: the same facts always give the same text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`)
    .join(',')}}`;
}

/**
 * What in `next` a human has not agreed to yet. Losing less than what was agreed to needs no new word; anything else that is said
 * otherwise does.
 */
export function newRisks(
  agreed: Pick<FailoverPlan, 'risks' | 'rpo'>,
  next: Pick<FailoverPlan, 'risks' | 'rpo'>,
): Risk[] {
  const known = agreed.risks.map((risk) => risk.sentence);
  const noMoreLost = containsText(agreed.rpo?.lost ?? '', next.rpo?.lost ?? '');
  return next.risks.filter((risk) => !known.includes(risk.sentence) && !(risk.code === 'KNOWN_LOSS' && noMoreLost));
}

export const tellRisk = (risk: Risk): string =>
  risk.invariant === null ? risk.sentence : `${risk.sentence} (invariant ${risk.invariant})`;

export function summarise(plan: FailoverPlan): PlanSummary {
  return {
    hash: plan.hash,
    kind: plan.kind,
    summary: plan.summary,
    lines: [...planLines(plan), ...(plan.notes ?? [])],
    risks: plan.risks.map(tellRisk),
  };
}

function planLines(plan: FailoverPlan): string[] {
  const repoint = Object.entries(plan.repoint).map(([replica, source]) => `${replica} will replicate from ${source}`);
  if (plan.kind === 'reattach') return repoint;
  if (plan.kind === 'switch over')
    return [
      ...repoint.filter((line) => !line.startsWith(`${plan.oldPrimary} `)),
      `new connections wait, ${plan.oldPrimary} is frozen, ${plan.newPrimary} applies the rest and takes writes; every router is pointed at it and proves it by a write`,
      `${plan.oldPrimary} will replicate from ${plan.newPrimary}`,
    ];
  if (plan.kind === 'reroute') return [`point every router at ${plan.newPrimary} and prove it by a write`];
  const candidates = plan.ranking.map((one, index) => `${index + 1}. ${describeContender(one)}`);
  const fence = `fence ${plan.oldPrimary}: no router points writes at it, its sessions are cut, no replica receives from it`;
  const fetch = plan.fetchFrom ? [`${plan.newPrimary} fetches what it lacks from ${plan.fetchFrom}`] : [];
  const open = `${plan.newPrimary} applies everything it received, then takes writes; every router is pointed at it and proves it by a write`;
  if (plan.kind === 'reopen')
    return [`open writes on ${plan.newPrimary}`, 'point every router at it and prove it by a write'];
  if (plan.kind === 'finish')
    return [
      `point every router at ${plan.newPrimary} and at no other server, cut the sessions at ${plan.oldPrimary}, prove it by a write`,
      ...repoint,
      `quarantine ${plan.oldPrimary}`,
    ];
  return [...candidates, fence, ...fetch, open, ...repoint];
}

function describeContender(one: Contender): string {
  const state = one.behind === 0 ? 'holds everything' : `lacks ${one.behind} transactions`;
  const barred = one.barred.length > 0 ? `, barred: ${one.barred.join('; ')}` : '';
  const notes = one.notes.length > 0 ? ` (${one.notes.join('; ')})` : '';
  return `${one.name}: ${state}, ${one.unapplied} to apply, ${one.rule}${barred}${notes}`;
}
