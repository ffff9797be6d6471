import { mayDo, type Person, personNamed, type Role } from './people';

/** Somebody who may answer, start or stop runs; what else is known of them is not needed to judge. */
export type Voter = Pick<Person, 'name' | 'roles' | 'group'>;

/** Who must agree to a plan of one cluster, who is asked when, and what silence means. */
export interface ApprovalPolicy {
  /** So many different people. */
  readonly needed: number;
  /** Groups in the order in which they are asked; none = everybody who may approve is asked at once. */
  readonly groups: readonly string[];
  /** Whoever started the run does not count. */
  readonly twoPersons: boolean;
  readonly remindMinutes: number;
  /** The next group is asked as well after so long; without it only where `silence` says so. */
  readonly escalateMinutes?: number;
  /**
   * When nobody answers in time. `proceed` counts only where nothing but the policy asks: a risk is never agreed to by silence.
   * `next group`: it is asked, with as much time; the silence of the last one rejects.
   */
  readonly silence: 'reject' | 'proceed' | 'next group';
  /** Do planned changes ask as well? */
  readonly planned: 'go' | 'ask';
  /** Nobody = whoever reaches Temporal may answer, under the name that they give. */
  readonly people: readonly Voter[];
}

/** Whoever reaches Temporal may answer, and one is enough. */
export const ANYBODY: ApprovalPolicy = {
  needed: 1,
  groups: [],
  twoPersons: false,
  remindMinutes: 10,
  silence: 'reject',
  planned: 'go',
  people: [],
};

export const approvalsOf = ({ approvals }: { readonly approvals?: ApprovalPolicy }): ApprovalPolicy =>
  approvals ?? ANYBODY;

/** What becomes of an open question when nobody answers, in milliseconds since it was put. */
export interface Turn {
  readonly atMs: number;
  readonly what: 'remind' | 'next group' | 'end';
}

/** A question may stay open for a week: its history stays short all the same. */
const MOST_EVEN_REMINDERS = 12;
const MOST_REMINDERS = 16;
const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

/** Reminders, escalations and the end, in their order. The last one is the end, and there is one. */
export function turnsOf(policy: ApprovalPolicy, minutes: number): readonly Turn[] {
  const openMs = minutes * MINUTE_MS;
  const everyMs = Math.min(
    (policy.escalateMinutes ?? Infinity) * MINUTE_MS,
    policy.silence === 'next group' ? openMs : Infinity,
  );
  const later = policy.groups.slice(1).map((_, index) => (index + 1) * everyMs);
  const endMs = policy.silence === 'next group' ? (later.at(-1) ?? 0) + openMs : openMs;
  const escalations = later.filter((atMs) => atMs < endMs);
  const reminders = remindersOf(policy.remindMinutes * MINUTE_MS, endMs);
  return [
    ...escalations.map((atMs): Turn => ({ atMs, what: 'next group' })),
    ...reminders.filter((atMs) => !escalations.includes(atMs)).map((atMs): Turn => ({ atMs, what: 'remind' })),
    { atMs: endMs, what: 'end' as const },
  ].sort((a, b) => a.atMs - b.atMs);
}

/** Evenly where the question closes soon. One that stays open for days is told of less and less often, and once a day in the end. */
function remindersOf(everyMs: number, endMs: number): number[] {
  const isShort = everyMs * (MOST_EVEN_REMINDERS + 1) >= endMs;
  const reminders: number[] = [];
  for (let [atMs, restMs] = [everyMs, everyMs]; atMs < endMs && reminders.length < MOST_REMINDERS; atMs += restMs) {
    reminders.push(atMs);
    if (!isShort) restMs = Math.max(everyMs, Math.min(restMs * 2, DAY_MS));
  }
  return reminders;
}

/** What the silence of everybody leads to, as a sentence for those who are asked. */
export function tellSilence({ silence, groups }: ApprovalPolicy, mayProceed: boolean): string {
  if (silence === 'proceed' && mayProceed) return 'silence lets it go on';
  if (silence === 'next group' && groups.length > 1) return 'silence asks the next group; that of the last one is a no';
  return 'silence is a no';
}

/** Who may give this answer, by name. Nobody = everybody. `groups`: only these; none = whatever the group. */
export const whoMay = (people: readonly Voter[], role: Role, groups: readonly string[] = []): string[] =>
  people.filter((person) => mayDo(person, role) && isOf(groups, person)).map(({ name }) => name);

const isOf = (groups: readonly string[], { group }: Voter): boolean =>
  groups.length === 0 || (group !== undefined && groups.includes(group));

/** Why somebody may not, as a sentence that names who may; null when they may. */
export function whyMayNot(
  by: string,
  roles: readonly Role[],
  people: readonly Voter[],
  groups: readonly string[] = [],
): string | null {
  if (people.length === 0) return null;
  const allowed = people.filter((person) => roles.some((role) => mayDo(person, role)) && isOf(groups, person));
  if (personNamed(allowed, by)) return null;
  const names = allowed.map(({ name }) => name);
  const known = personNamed(people, by) ? `${by.trim()} may not do this` : `The inventory names nobody "${by.trim()}"`;
  return `${known}; ${names.length > 0 ? `${names.join(', ')} may` : `nobody has the role ${roles.join(' or ')}`}.`;
}

/** One name for one person, however it was typed: who is known is named as the inventory does. */
export const nameOf = (people: readonly Voter[], by: string): string => personNamed(people, by)?.name ?? by.trim();

/** Between two looks at whether a question still stands, in milliseconds: the first, and how far it grows while the question is young. */
export interface Pauses {
  readonly soonMs: number;
  readonly laterMs: number;
}

const PART_OF_AGE = 1 / 50;

/**
 * Of a question that is open for long the pause is a part of its age: a look every minute would fill a run's history within days, and Temporal
 * would end the run for it. A week is some 350 looks.
 */
export const nextPause = (pauseMs: number, ageMs: number, { laterMs }: Pauses): number =>
  Math.min(pauseMs * 2, Math.max(laterMs, ageMs * PART_OF_AGE));
