import { type Opening } from './calendar';
import { type Cluster } from './cluster';
import { type DrillMode, type Objective } from './drill-policy';
import { type Refusal } from './refusal';

/** `not measured`: the worker that measured died, or the change did not come to its end. */
export type Verdict = 'met' | 'missed' | 'not measured';

/** One drill of the past. Times are ISO 8601. */
export interface DrillRecord {
  readonly run: string;
  readonly endedAt: string;
  readonly mode: DrillMode;
  readonly verdict: Verdict;
  readonly rtoMs: number | null;
  readonly objectiveMs: number;
  readonly lostRows: number | null;
  readonly backMs: number | null;
  readonly oldPrimary: string;
  readonly newPrimary: string;
  readonly because: string;
}

/** A cluster that may be chosen, and when it was drilled last (ISO 8601; null = never). */
export interface DrillCandidate {
  readonly cluster: string;
  readonly last: string | null;
}

/** The one whose last drill is longest ago comes first; never drilled before all, then the order of the inventory. */
export const byLongestAgo = (candidates: readonly DrillCandidate[]): DrillCandidate[] =>
  [...candidates].sort((one, other) => (one.last ?? '').localeCompare(other.last ?? ''));

export interface DrillQuestion {
  readonly cluster: Cluster;
  readonly mode: DrillMode;
  /** A person has looked at what was missed, and wants it all the same. */
  readonly anyway: boolean;
  readonly history: readonly DrillRecord[];
  readonly nowMs: number;
  /** The maintenance window that is open or comes next; null where the cluster has none. */
  readonly opening: Opening | null;
  /** The run that changes the cluster now, as its runbook's name; null = none. */
  readonly changing: string | null;
  readonly primary: string | null;
  /** What stands against moving the primary now. */
  readonly refusals: readonly Refusal[];
}

const DAY_MS = 86_400_000;

/** Everything that stands against a drill now, each with its cure; empty = it may begin. */
export function whyNoDrill(question: DrillQuestion): Refusal[] {
  const { cluster, mode, changing, refusals } = question;
  if (!cluster.drill)
    return [
      { sentence: `${cluster.name} has no drill in the inventory`, cure: 'write drill: {} there, with its objective' },
    ];
  return [
    ...(mode === 'kill' ? whyNoKill(question) : []),
    ...(cluster.routers.some(({ kind }) => kind !== 'dns')
      ? []
      : [
          {
            sentence: `${cluster.name} has no router that a client could measure at`,
            cure: 'name its routers in the inventory',
          },
        ]),
    ...(changing === null ? [] : [{ sentence: `${changing} is changing ${cluster.name}`, cure: 'wait for its end' }]),
    ...closed(question),
    ...(question.anyway ? [] : [...tooSoon(question), ...budgetUsed(question)]),
    ...refusals.filter(({ sentence }, index) => refusals.findIndex((one) => one.sentence === sentence) === index),
  ];
}

function whyNoKill({ cluster, primary }: DrillQuestion): Refusal[] {
  const kills =
    cluster.drill?.killCommand ?? cluster.instances.find(({ name }) => name === primary)?.fenceCommand ?? null;
  return [
    ...(cluster.drillable
      ? []
      : [
          {
            sentence: `${cluster.name} is not marked drillable: its primary is not killed`,
            cure: 'drill it with mode planned, or write drillable: true',
          },
        ]),
    ...(kills !== null || primary === null
      ? []
      : [{ sentence: `nothing is known that kills ${primary}`, cure: 'write drill.killCommand, or its fenceCommand' }]),
  ];
}

const closed = ({ cluster, opening, nowMs }: DrillQuestion): Refusal[] =>
  opening === null || opening.opensMs <= nowMs
    ? []
    : [
        {
          sentence: `no maintenance window of ${cluster.name} is open until ${day(opening.opensMs)}`,
          cure: 'let the schedule begin inside one',
        },
      ];

function tooSoon({ cluster, history, nowMs }: DrillQuestion): Refusal[] {
  const last = Math.max(...history.map(({ endedAt }) => Date.parse(endedAt)));
  const days = cluster.drill?.minDaysBetween ?? 0;
  return nowMs - last >= days * DAY_MS || history.length === 0
    ? []
    : [
        {
          sentence: `the last drill of ${cluster.name} was at ${day(last)}, less than ${days} days ago`,
          cure: 'wait, or say {"anyway": true}',
        },
      ];
}

function budgetUsed({ cluster, history, nowMs }: DrillQuestion): Refusal[] {
  const { missed, perDays } = cluster.drill?.errorBudget ?? { missed: 1, perDays: 0 };
  const lately = history.filter(
    ({ verdict, endedAt }) => verdict === 'missed' && nowMs - Date.parse(endedAt) < perDays * DAY_MS,
  );
  return lately.length < missed
    ? []
    : [
        {
          sentence: `the error budget of ${cluster.name} is used up: ${lately.length} drills missed the objective within ${perDays} days, the last: ${lately.at(-1)?.because ?? ''}`,
          cure: 'mend what it names, then say {"anyway": true}',
        },
      ];
}

const day = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 16) + 'Z';

/** What a client of the drill saw behind one router. */
export interface ClientSeen {
  readonly router: string;
  /** Rows that were acknowledged, as first and last number of each run without a gap. */
  readonly acknowledged: readonly (readonly [number, number])[];
  /** The longest time from one acknowledgement to the next, milliseconds; up to the end where none came any more. */
  readonly longestMs: number;
  /** server_uuid of who acknowledged last. */
  readonly last: string;
}

export interface Seen {
  readonly clients: readonly ClientSeen[];
  /** The worker that measured died in between: what it knew is lost. */
  readonly interrupted: boolean;
}

export const acknowledgedRows = (seen: Seen | null): number =>
  (seen?.clients ?? []).flatMap(({ acknowledged }) => acknowledged).reduce((sum, [from, to]) => sum + to - from + 1, 0);

/** One statement about the drill that holds or does not. `measured`: false = it says nothing about the objective. */
export interface Assertion {
  readonly holds: boolean;
  readonly measured: boolean;
  readonly sentence: string;
}

export interface Movement {
  /** What is asserted of it: `RTO` or `write gap`. */
  readonly what: string;
  readonly limitMs: number;
  readonly seen: Seen | null;
  /** server_uuid of the server that has to serve at its end. */
  readonly towards: string;
  readonly towardsName: string;
}

/** Was every client served again by the right server, soon enough? */
export function judgeMovement({ what, limitMs, seen, towards, towardsName }: Movement): Assertion[] {
  if (seen === null || seen.interrupted)
    return [
      { holds: false, measured: false, sentence: `${what} was not measured: the worker of the clients died meanwhile` },
    ];
  const dark = seen.clients.filter(({ last }) => last.toLowerCase() !== towards.toLowerCase());
  const worst = slowest(seen);
  return [
    ...dark.map(({ router }) => ({
      holds: false,
      measured: true,
      sentence: `the client behind ${router} was not served by ${towardsName} in the end`,
    })),
    ...(worst
      ? [
          {
            holds: worst.longestMs <= limitMs,
            measured: true,
            sentence: `${what} ${worst.longestMs} ms at the client behind ${worst.router}, objective ${limitMs} ms`,
          },
        ]
      : []),
  ];
}

export const slowest = (seen: Seen | null): ClientSeen | null =>
  [...(seen?.clients ?? [])].sort((one, other) => other.longestMs - one.longestMs)[0] ?? null;

export const judgeLoss = (lost: number, rows: number, { lostRows }: Objective): Assertion => ({
  holds: lost <= lostRows,
  measured: true,
  sentence: `lost ${lost} of ${rows} acknowledged rows, objective ${lostRows}`,
});

/** The objective is missed by what was measured; what could not be measured says nothing about it. */
export function verdictOf(assertions: readonly Assertion[]): Verdict {
  const broken = assertions.filter(({ holds }) => !holds);
  if (broken.some(({ measured }) => measured)) return 'missed';
  return broken.length > 0 ? 'not measured' : 'met';
}

/** The result as a sentence: what is broken, else what was measured. */
export function tellDrill(assertions: readonly Assertion[]): string {
  const broken = assertions.filter(({ holds }) => !holds);
  return broken.length > 0
    ? `The drill missed: ${broken.map(({ sentence }) => sentence).join('; ')}`
    : `The drill passed: ${assertions.map(({ sentence }) => sentence).join('; ')}`;
}
