import { type Question } from './question';
import { type PlanSummary, type RunbookReport, type StepRecord } from './report';
import { tellShown, tellVoters } from './shown';

/** One part of the paper, entered at `at` (ISO 8601). */
export interface Phase {
  readonly name: string;
  readonly headline: string;
  readonly at: string;
}

export interface AskedQuestion extends Question {
  readonly open: boolean;
  /** What was answered, one sentence each, with who. */
  readonly answers: readonly string[];
}

/** All that can be told of a run at this moment. */
export interface Story {
  readonly runbook: string;
  readonly cluster: string;
  readonly workflowId: string;
  readonly run: string;
  readonly startedAt: string;
  /** It goes on from a run that has told the beginning and the plan. */
  readonly continued?: boolean;
  readonly startedBy: string;
  readonly trigger: string;
  readonly reason: string;
  readonly headline: string;
  readonly phases: readonly Phase[];
  readonly steps: readonly StepRecord[];
  readonly plan: PlanSummary | null;
  readonly questions: readonly AskedQuestion[];
  /** It waits for its time and has changed nothing: a person may call it off. */
  readonly waits: boolean;
  /** Somebody stopped it before its next step. */
  readonly paused: boolean;
  /** What people did to it: paused, resumed, called off. */
  readonly controlled: readonly Controlled[];
  readonly report: RunbookReport | null;
  /** How it ended without a report (terminated, a bug of ours); null otherwise. */
  readonly brokeOff: string | null;
}

export interface Controlled {
  /** ISO 8601. */
  readonly at: string;
  /** One sentence, with who. */
  readonly text: string;
}

export const NEWS = ['started', 'plan', 'question', 'answered', 'phase', 'control', 'ended'] as const;
export type NewsKind = (typeof NEWS)[number];

/** One thing worth telling. */
export interface RunEvent {
  /** The same at every look at the same run: what was told once is known by it. */
  readonly id: string;
  readonly kind: NewsKind;
  /** ISO 8601. */
  readonly at: string;
  /** The whole of it in a sentence. */
  readonly title: string;
  readonly lines: readonly string[];
  readonly question?: AskedQuestion;
  /** Of a question that was told before, and is still open. */
  readonly reminder?: true;
  readonly steps?: readonly StepRecord[];
}

/** Does the run need a person who is not at it? */
export const needsAPerson = (story: Story): boolean => {
  const outcome = outcomeOf(story);
  return outcome === 'failed' || outcome === 'refused' || (outcome === null && openQuestion(story) !== undefined);
};

/** How it ended; null while it runs. */
export const outcomeOf = ({ report, brokeOff }: Story): RunbookReport['outcome'] | null =>
  report?.outcome ?? (brokeOff === null ? null : 'failed');

export const openQuestion = ({ questions }: Story): AskedQuestion | undefined => questions.find(({ open }) => open);

/** What a run has to tell so far, in the order of its happening: the start first, the end last. */
export function eventsOf(story: Story): RunEvent[] {
  const { runbook, cluster, startedAt, startedBy, trigger, reason } = story;
  const started: RunEvent = {
    id: 'started',
    kind: 'started',
    at: startedAt,
    title: `${runbook} of ${cluster} has begun`,
    lines: [`started by ${startedBy} (${trigger})${reason === '' ? '' : `: ${reason}`}`],
  };
  const { continued = false } = story;
  const between = [...(continued ? [] : plans(story)), ...questions(story), ...phases(story), ...controls(story)];
  return [
    ...(continued ? [] : [started]),
    ...between.sort((one, other) => (one.at < other.at ? -1 : Number(one.at > other.at))),
    ...end(story),
  ];
}

function plans({ plan, questions: asked, steps, startedAt }: Story): RunEvent[] {
  if (plan === null) return [];
  const at = asked.find(({ planHash }) => planHash === plan.hash)?.askedAt ?? endOf(steps[0]) ?? startedAt;
  const lines = [...plan.lines, ...plan.risks.map((risk) => `risk: ${risk}`)];
  return [
    {
      id: `plan:${plan.hash.slice(0, 12)}`,
      kind: 'plan',
      at,
      title: `Plan ${plan.hash.slice(0, 12)}: ${plan.summary}`,
      lines,
    },
  ];
}

const questions = ({ questions: asked }: Story): RunEvent[] =>
  asked.flatMap((question): RunEvent[] => [
    {
      id: `question:${question.id}`,
      kind: 'question',
      at: question.askedAt,
      title: question.text,
      lines: [...question.because, ...tellShown(question), ...standOf(question)],
      question,
    },
    ...(question.open && question.reminders > 0
      ? [
          {
            id: `question:${question.id}:reminder:${question.reminders}`,
            kind: 'question' as const,
            at: question.remindedAt ?? question.askedAt,
            title: `Still open: ${question.text}`,
            lines: standOf(question),
            question,
            reminder: true as const,
          },
        ]
      : []),
    ...(question.open
      ? []
      : [
          {
            id: `answered:${question.id}`,
            kind: 'answered' as const,
            // The moment of an answer is not kept; nothing else happens while a question is open.
            at: question.askedAt,
            title: question.answers.at(-1) ?? `${question.text} is closed`,
            lines: question.answers.slice(0, -1),
            question,
          },
        ]),
  ]);

/** What is missing, and for how long it is waited for. */
export const standOf = (question: AskedQuestion): string[] => [
  ...tellVoters(question),
  `open until ${question.expiresAt}; ${question.silence}`,
];

/** A part is told when it is over: then its steps no longer change. */
function phases({ phases: entered, steps, report }: Story): RunEvent[] {
  const over = report === null ? entered.slice(0, -1) : entered;
  return over.flatMap(({ name, headline, at }, index) => {
    const until = entered[index + 1]?.at;
    const own = steps.filter(({ startedAt }) => startedAt >= at && (until === undefined || startedAt < until));
    if (own.length === 0) return [];
    return [
      {
        id: `phase:${index}`,
        kind: 'phase',
        at,
        title: headline === '' ? name : headline,
        lines: own.map(tellStep),
        steps: own,
      },
    ];
  });
}

const controls = ({ controlled }: Story): RunEvent[] =>
  controlled.map(({ at, text }, index) => ({ id: `control:${index}`, kind: 'control', at, title: text, lines: [] }));

function end(story: Story): RunEvent[] {
  const { report, brokeOff, runbook, cluster } = story;
  if (report !== null)
    return [
      {
        id: 'ended',
        kind: 'ended',
        at: report.endedAt,
        title: `${runbook} of ${cluster}: ${report.outcome}. ${report.headline}`,
        lines: [...figures(report), ...report.left.map((left) => `left to do: ${left}`)],
        steps: report.steps,
      },
    ];
  if (brokeOff === null) return [];
  const at = endOf(story.steps.at(-1)) ?? story.startedAt;
  return [{ id: 'ended', kind: 'ended', at, title: `${runbook} of ${cluster} broke off: ${brokeOff}`, lines: [] }];
}

const figures = ({ oldPrimary, newPrimary, rto, rpo }: RunbookReport): string[] => [
  ...(newPrimary === null ? [] : [`primary: ${oldPrimary ?? 'unknown'} → ${newPrimary}`]),
  ...(rto === null ? [] : [`RTO ${(rto.totalMs / 1000).toFixed(2)} s`]),
  ...(rpo === null ? [] : [`RPO ${rpo.lostCount} transactions: ${rpo.because}`]),
];

export const tellStep = ({ state, title, durationMs, detail }: StepRecord): string =>
  `${state === 'done' ? '' : `${state}: `}${title}${durationMs === null ? '' : ` · ${durationMs} ms`}${detail === '' ? '' : ` · ${detail}`}`;

const endOf = (step: StepRecord | undefined): string | undefined =>
  step && new Date(Date.parse(step.startedAt) + (step.durationMs ?? 0)).toISOString();
