/** One line of a run's timeline. Times are ISO 8601, durations milliseconds. */
export interface StepRecord {
  /** The part of the paper that it belongs to. */
  readonly phase: string;
  readonly title: string;
  readonly state: 'running' | 'done' | 'failed' | 'skipped';
  readonly startedAt: string;
  readonly durationMs: number | null;
  /** What happened, one sentence. */
  readonly detail: string;
  /** Finer times measured inside the step, by the worker that did it. */
  readonly parts: readonly StepPart[];
}

export interface StepPart {
  readonly name: string;
  /** Since the step's work began on the worker. */
  readonly atMs: number;
}

export type Outcome = 'done' | 'stood down' | 'planned' | 'refused' | 'rejected' | 'failed';

export interface Rto {
  /** From the primary's last sign of life (or the first failed probe) to the proven write. */
  readonly totalMs: number;
  readonly from: string;
  readonly to: string;
  readonly because: string;
}

export interface Rpo {
  /** Can it be shown that nothing acknowledged is missing? */
  readonly provablyZero: boolean;
  /** GTID set known to be lost; '' when none is known. */
  readonly lost: string;
  readonly lostCount: number;
  readonly because: string;
}

export interface RunbookReport {
  readonly runbook: string;
  readonly cluster: string;
  readonly run: string;
  readonly outcome: Outcome;
  /** The whole result in a sentence. */
  readonly headline: string;
  readonly startedBy: string;
  readonly trigger: string;
  readonly reason: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly oldPrimary: string | null;
  readonly newPrimary: string | null;
  readonly evidence: readonly string[];
  readonly decisions: readonly string[];
  readonly plan: PlanSummary | null;
  readonly approvals: readonly string[];
  readonly fenceProofs: readonly string[];
  readonly steps: readonly StepRecord[];
  readonly rto: Rto | null;
  readonly rpo: Rpo | null;
  /** Files with transactions that only the old primary has. */
  readonly lostTransactionFiles: readonly string[];
  /** What a human must do next. */
  readonly left: readonly string[];
}

export interface PlanSummary {
  readonly hash: string;
  readonly kind: string;
  readonly summary: string;
  readonly lines: readonly string[];
  readonly risks: readonly string[];
}

/** The report as a page: what an on-call engineer reads first stands first. */
export function renderReport(report: RunbookReport): string {
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? ['', `## ${title}`, '', ...lines.map((line) => `- ${line}`)] : [];
  return [
    `# ${report.runbook} of ${report.cluster}: ${report.outcome}`,
    '',
    report.headline,
    '',
    '| | |',
    '|---|---|',
    `| run | \`${report.run}\` |`,
    `| started by | ${cell(`${report.startedBy} (${report.trigger})${report.reason ? `: ${report.reason}` : ''}`)} |`,
    `| from, to | ${report.startedAt}, ${report.endedAt} |`,
    `| primary | ${report.oldPrimary ?? 'unknown'} → ${report.newPrimary ?? 'unchanged'} |`,
    `| RTO | ${report.rto ? `${(report.rto.totalMs / 1000).toFixed(2)} s (${report.rto.because})` : 'not applicable'} |`,
    `| RPO | ${report.rpo ? cell(describeRpo(report.rpo)) : 'not applicable'} |`,
    ...section('What a human must do next', report.left),
    ...section('Evidence', report.evidence),
    ...section('Decisions', report.decisions),
    ...(report.plan
      ? section(`Plan ${report.plan.hash.slice(0, 12)}`, [
          report.plan.summary,
          ...report.plan.lines,
          ...report.plan.risks.map((risk) => `risk: ${risk}`),
        ])
      : []),
    ...section('Approvals', report.approvals),
    ...section('Proof that the old primary is fenced', report.fenceProofs),
    ...section('Lost transactions, kept as files', report.lostTransactionFiles),
    '',
    '## Timeline',
    '',
    '| at | took | step | |',
    '|---|---|---|---|',
    ...report.steps.map(
      (step) =>
        `| ${step.startedAt.slice(11, 23)} | ${step.durationMs === null ? '' : `${step.durationMs} ms`} | ${cell(step.title)} | ${cell(`${step.state}: ${step.detail}${renderParts(step)}`)} |`,
    ),
    '',
  ].join('\n');
}

/** One table cell: GTID sets have line breaks, servers' words may have bars. */
const cell = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');

const renderParts = (step: StepRecord): string =>
  step.parts.length > 0
    ? ` (${step.parts.map((part) => `${part.name} at ${Math.round(part.atMs)} ms`).join(', ')})`
    : '';

export const describeRpo = (rpo: Rpo): string =>
  rpo.lostCount > 0
    ? `${rpo.lostCount} transactions lost: \`${rpo.lost}\` (${rpo.because})`
    : rpo.provablyZero
      ? `0, proven: ${rpo.because}`
      : `none known to be lost, but not provably zero: ${rpo.because}`;
