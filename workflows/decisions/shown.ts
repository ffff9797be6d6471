import { type Question, type Shown } from '../messages';
import { type Diagnosis } from './diagnosis';
import { type FailoverPlan, summarise } from './plan';
import { describeRpo, type PlanSummary } from './report';

/** What an approver of a failover is shown beside the question: the steps, the evidence, what may be lost, how long it lasts. */
export const showFailover = (plan: FailoverPlan, diagnosis: Diagnosis): Shown => ({
  what: summarise(plan).lines,
  evidence: [
    diagnosis.because,
    ...diagnosis.testimony.map(({ replica, says, because }) => `${replica} ${says}: ${because}`),
  ],
  mayBeLost: plan.rpo ? describeRpo(plan.rpo) : 'nothing: no server is opened or closed',
  takes: tellDuration(plan),
});

/** What was elected on positions that hold still, with writes closed. */
export const showElected = (plan: FailoverPlan): Shown => ({
  what: summarise(plan).lines,
  evidence: plan.ranking.flatMap(({ notes }) => notes),
  mayBeLost: plan.rpo ? describeRpo(plan.rpo) : 'nothing',
  takes: `writes are closed until it is answered; ${tellDuration(plan)}`,
});

export const showMove = (plan: FailoverPlan, writeGapMs: number): Shown => ({
  what: summarise(plan).lines,
  evidence: plan.notes ?? [],
  mayBeLost: 'nothing: the old primary is frozen first, and its successor has everything before it is opened',
  takes: `clients wait for ${writeGapMs} ms at most, or everything is undone`,
});

export const showOf = (plan: PlanSummary, mayBeLost: string, takes: string): Shown => ({
  what: plan.lines,
  evidence: [],
  mayBeLost,
  takes,
});

function tellDuration({ kind, ranking, newPrimary }: FailoverPlan): string {
  if (kind === 'reattach') return 'seconds; clients notice nothing';
  const unapplied = ranking.find(({ name }) => name === newPrimary)?.unapplied ?? 0;
  return unapplied > 0
    ? `about a second, after ${newPrimary} has applied the ${unapplied} transactions that it has received`
    : 'about a second';
}

/** What an approver needs beside the reasons and the steps, a line each. */
export const tellShown = ({ shown }: Pick<Question, 'shown'>): string[] => [
  ...shown.evidence.map((line) => `evidence: ${line}`),
  ...(shown.mayBeLost ? [`may be lost: ${shown.mayBeLost}`] : []),
  ...(shown.takes ? [`takes: ${shown.takes}`] : []),
];

type Voters = Pick<Question, 'needed' | 'given' | 'asked' | 'mayApprove' | 'reminders' | 'twoPersons' | 'requestedBy'>;

/** Who has said yes, how many are missing, and who is asked, a line each. */
export function tellVoters(question: Voters): string[] {
  const { needed, given, asked, mayApprove, reminders, twoPersons, requestedBy } = question;
  const groups = asked.length > 0 ? ` (${asked.join(', ')})` : '';
  return [
    ...(needed > 1
      ? [`${given.length} of ${needed} approvals: ${given.map(({ by }) => by).join(', ') || 'none'}`]
      : []),
    ...(mayApprove.length > 0 ? [`asked${groups}: ${mayApprove.join(', ')}`] : []),
    ...(reminders > 0 ? [`reminded ${reminders === 1 ? 'once' : `${reminders} times`}`] : []),
    ...(twoPersons ? [`${requestedBy} started it and does not count`] : []),
  ];
}
