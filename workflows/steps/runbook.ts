import { ActivityFailure, ApplicationFailure, SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import {
  type Outcome,
  type PlanSummary,
  type Rpo,
  type Rto,
  type RunbookReport,
  type StepPart,
  type StepRecord,
} from '../decisions/report';
import { type AskedQuestion, type Phase, type Story } from '../decisions/story';
import { progressQuery, reportQuery, storyQuery, type Question, type RunProgress } from '../messages';
import { describeProgress } from './details';
import { tellOf } from './tell';

const clusterKey = defineSearchAttributeKey('MysqlCluster', SearchAttributeType.KEYWORD);
const kindKey = defineSearchAttributeKey('RunbookKind', SearchAttributeType.KEYWORD);
const phaseKey = defineSearchAttributeKey('RunbookPhase', SearchAttributeType.KEYWORD);
const outcomeKey = defineSearchAttributeKey('RunbookOutcome', SearchAttributeType.KEYWORD);
const awaitingKey = defineSearchAttributeKey('AwaitingApproval', SearchAttributeType.BOOL);

export interface RunbookOrder {
  readonly cluster: string;
  readonly reason: string;
  readonly requestedBy: string;
  readonly trigger: string;
  /** Only a look: nobody is told of it. */
  readonly dryRun?: boolean;
}

/** What a run gathers for its report, beside the steps. The runbook writes here; the book renders it. */
export interface Findings {
  oldPrimary: string | null;
  newPrimary: string | null;
  plan: PlanSummary | null;
  rto: Rto | null;
  rpo: Rpo | null;
  readonly evidence: string[];
  readonly decisions: string[];
  readonly approvals: string[];
  readonly fenceProofs: string[];
  readonly lostTransactionFiles: string[];
  readonly left: string[];
}

export interface Runbook {
  readonly found: Findings;
  readonly run: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The step's title is the paper's; it is what the Web UI and `runbook status` show. */
  step<Result>(title: string, work: () => Promise<Result>, tell: (result: Result) => string): Promise<Result>;
  phase(name: string, headline: string): void;
  waitFor(question: Question | null): void;
  close(outcome: Outcome, headline: string): RunbookReport;
}

/** Open the book of one run: it answers the `progress` and `report` queries, keeps the Web UI's page true and gathers the report. */
export function openRunbook(runbook: string, order: RunbookOrder): Runbook {
  const { runId, startTime, workflowId } = workflowInfo();
  const steps: StepRecord[] = [];
  const found: Findings = {
    oldPrimary: null,
    newPrimary: null,
    plan: null,
    rto: null,
    rpo: null,
    evidence: [],
    decisions: [],
    approvals: [],
    fenceProofs: [],
    lostTransactionFiles: [],
    left: [],
  };
  let phase = 'look';
  let headline = `${runbook} of ${order.cluster} has begun`;
  let question: Question | null = null;
  let report: RunbookReport | null = null;
  const phases: Phase[] = [{ name: phase, headline, at: startTime.toISOString() }];
  const asked: (Question & { readonly answersFrom: number })[] = [];

  const progress = (): RunProgress => ({
    runbook,
    cluster: order.cluster,
    phase,
    headline,
    steps,
    question,
    plan: found.plan,
    outcome: report?.outcome ?? null,
  });
  /** The same question may be opened again with more to show. */
  const keepQuestion = (open: Question): void => {
    const index = asked.findIndex(({ id }) => id === open.id);
    if (index < 0) asked.push({ ...open, answersFrom: found.approvals.length });
    else asked[index] = { ...open, answersFrom: asked[index]?.answersFrom ?? 0 };
  };
  const questions = (): AskedQuestion[] =>
    asked.map(({ answersFrom, ...one }, index) => ({
      ...one,
      open: question?.id === one.id,
      answers: found.approvals.slice(answersFrom, asked[index + 1]?.answersFrom),
    }));
  const story = (): Story => ({
    runbook,
    cluster: order.cluster,
    workflowId,
    run: runId,
    startedAt: startTime.toISOString(),
    startedBy: order.requestedBy,
    trigger: order.trigger,
    reason: order.reason,
    headline,
    phases,
    steps,
    plan: found.plan,
    questions: questions(),
    report,
    brokeOff: null,
  });
  const show = () => setCurrentDetails(describeProgress(progress()));
  const tell = () => {
    if (order.dryRun !== true) tellOf(order.cluster, report !== null);
  };
  setHandler(progressQuery, progress, { description: 'What this run is doing now' });
  setHandler(reportQuery, () => report, { description: 'The report, once the run has ended' });
  setHandler(storyQuery, story, { description: 'What notifications tell of this run' });
  upsertSearchAttributes([
    { key: clusterKey, value: order.cluster },
    { key: kindKey, value: runbook },
    { key: phaseKey, value: phase },
  ]);
  show();
  tell();

  return {
    found,
    run: runId,
    startedAt: startTime.toISOString(),
    async step(title, work, tell) {
      const startedAt = Date.now();
      const begun = { phase, title, startedAt: iso(startedAt) };
      const index = steps.push({ ...begun, state: 'running', durationMs: null, detail: '', parts: [] }) - 1;
      show();
      const end = (state: StepRecord['state'], detail: string, parts: readonly StepPart[]) => {
        steps[index] = { ...begun, state, durationMs: Date.now() - startedAt, detail, parts };
        show();
      };
      try {
        const result = await work();
        end('done', tell(result), partsOf(result));
        return result;
      } catch (error) {
        end('failed', failureWords(error), []);
        throw error;
      }
    },
    phase(name, words) {
      phase = name;
      headline = words;
      phases.push({ name, headline, at: iso(Date.now()) });
      upsertSearchAttributes([{ key: phaseKey, value: phase }]);
      show();
      tell();
    },
    waitFor(open) {
      question = open;
      if (open) keepQuestion(open);
      upsertSearchAttributes([{ key: awaitingKey, value: open !== null }]);
      show();
      tell();
    },
    close(outcome, words) {
      phase = 'ended';
      headline = words;
      report = {
        runbook,
        cluster: order.cluster,
        run: runId,
        outcome,
        headline,
        startedBy: order.requestedBy,
        trigger: order.trigger,
        reason: order.reason,
        startedAt: startTime.toISOString(),
        endedAt: iso(Date.now()),
        ...found,
        steps: [...steps],
      };
      upsertSearchAttributes([
        { key: phaseKey, value: phase },
        { key: outcomeKey, value: outcome },
      ]);
      show();
      tell();
      return report;
    },
  };
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

const partsOf = (result: unknown): readonly StepPart[] =>
  typeof result === 'object' && result !== null && 'parts' in result && Array.isArray(result.parts)
    ? (result.parts as StepPart[])
    : [];

/** The sentence of what went wrong: the activity's own, not Temporal's wrapping. */
export function failureWords(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The stable code of an activity's failure (activities/errors.ts), or null for anything else. */
export function failureCode(error: unknown): string | null {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? (cause.type ?? null) : null;
}
