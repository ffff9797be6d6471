import { ActivityFailure, ApplicationFailure, SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { type Outcome, type RunbookReport, type StepPart, type StepRecord } from '../decisions/report';
import { type Voter } from '../decisions/approvals';
import { type Controlled, type Phase, type Story } from '../decisions/story';
import { type Question } from '../decisions/question';
import { type StageProgress, tellStage } from '../decisions/progress';
import { progressQuery, reportQuery, stageProgressSignal, storyQuery, type RunProgress } from '../messages';
import { openAsked } from './asked';
import { audit } from './audit';
import { type Findings, noFindings } from './findings';
import { openControls } from './controls';
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

export interface Runbook {
  readonly found: Findings;
  readonly run: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The step's title is the paper's; it is what the Web UI and `runbook status` show. */
  step<Result>(title: string, work: () => Promise<Result>, tell: (result: Result) => string): Promise<Result>;
  phase(name: string, headline: string): void;
  /** Told at once, in the middle of a part of the paper. */
  announce(text: string): void;
  waitFor(question: Question | null): void;
  /** Who may pause and cancel, once the inventory is known. */
  admit(people: readonly Voter[]): void;
  /** From here on it goes on to its end: clients wait, so nobody pauses or cancels it. Waits for a pause that stands. */
  noWayBack(): Promise<void>;
  /** Nobody waits any more. It can be paused again; there still is no way back. */
  nobodyWaits(): Promise<void>;
  /** Another run begins to do the work, and is the one to pause or cancel. Waits for a pause that stands. */
  handOver(): Promise<void>;
  /** That other run did not begin. */
  takeBack(): Promise<void>;
  /** Returns at that time (milliseconds since 1970), or when the pause that stands then is over. */
  rest(untilMs: number): Promise<void>;
  /** `stop` is called when somebody calls the run off while there is a way back. */
  onCancel(stop: () => void): void;
  /** Who called it off, as `ada: too early`; null = nobody did by name. */
  calledOff(): string | null;
  /** Somebody overrode who must agree: every headline of this run says so from now on. */
  breakGlass(line: string): void;
  /** What was done so far: of a run that goes on in a new one. */
  steps(): readonly StepRecord[];
  close(outcome: Outcome, headline: string): RunbookReport;
}

/** Of the run that this one continues. */
export interface Before {
  readonly steps: readonly StepRecord[];
  /** ISO 8601. */
  readonly startedAt?: string;
}

/**
 * Open the book of one run: it answers the `progress` and `report` queries, keeps the Web UI's page true and gathers the report. A run that
 * goes on from `before` has begun long ago, and does not say so again.
 */
export function openRunbook(runbook: string, order: RunbookOrder, before?: Before): Runbook {
  const { runId, startTime, workflowId } = workflowInfo();
  const startedAt = before?.startedAt ?? startTime.toISOString();
  const { cluster, requestedBy: by, trigger, reason } = order;
  const steps: StepRecord[] = [...(before?.steps ?? [])];
  const found = noFindings();
  let phase = 'look';
  let headline = before ? `${runbook} of ${cluster} goes on` : `${runbook} of ${cluster} has begun`;
  let report: RunbookReport | null = null;
  let glass = '';
  let waits = false;
  const phases: Phase[] = [{ name: phase, headline, at: startTime.toISOString() }];
  const asked = openAsked(found.approvals);

  const progress = (): RunProgress => ({
    runbook,
    cluster,
    phase,
    headline: glass + headline,
    steps,
    question: asked.open,
    plan: found.plan,
    paused: controls.paused,
    outcome: report?.outcome ?? null,
  });
  const told = { decisions: 0, approvals: 0 };
  const tellAudit = () => {
    for (const text of found.decisions.slice(told.decisions)) audit.decided({ what: 'decision', cluster, text });
    for (const text of found.approvals.slice(told.approvals)) audit.decided({ what: 'approval', cluster, text });
    told.decisions = found.decisions.length;
    told.approvals = found.approvals.length;
  };
  const show = () => {
    setCurrentDetails(describeProgress(progress()));
    tellAudit();
  };
  const controlled: Controlled[] = [];
  const happened = (text: string): void => {
    found.decisions.push(text);
    controlled.push({ at: iso(Date.now()), text });
  };
  const controls = openControls({
    changed() {
      show();
      tell();
    },
    note: (line) => void found.decisions.push(line),
    happened,
  });
  const story = (): Story => ({
    runbook,
    cluster,
    workflowId,
    run: runId,
    startedAt,
    ...(before && { continued: true }),
    startedBy: by,
    trigger,
    reason,
    headline: glass + headline,
    phases,
    steps,
    plan: found.plan,
    questions: asked.all(),
    waits,
    paused: controls.paused !== null,
    controlled,
    report,
    brokeOff: null,
  });
  const tell = () => {
    if (order.dryRun !== true) tellOf(cluster, report !== null);
  };
  setHandler(progressQuery, progress, { description: 'What this run is doing now' });
  setHandler(reportQuery, () => report, { description: 'The report, once the run has ended' });
  setHandler(storyQuery, story, { description: 'What notifications tell of this run' });
  const progressed = (stage: StageProgress) => {
    const index = steps.map(({ state }) => state).lastIndexOf('running');
    const running = steps[index];
    if (!running) return;
    steps[index] = { ...running, detail: tellStage(stage) };
    show();
    tell();
  };
  setHandler(stageProgressSignal, progressed, { description: 'From a worker: how far the running step is' });
  upsertSearchAttributes([
    { key: clusterKey, value: cluster },
    { key: kindKey, value: runbook },
    { key: phaseKey, value: phase },
  ]);
  show();
  if (!before) audit.decided({ what: 'begun', cluster, by, trigger, reason, text: headline });
  tell();

  return {
    found,
    run: runId,
    startedAt,
    async step(title, work, tell) {
      if (controls.paused !== null || controls.calledOff !== null) await controls.mayGoOn();
      const begunAt = Date.now();
      const begun = { phase, title, startedAt: iso(begunAt) };
      const index = steps.push({ ...begun, state: 'running', durationMs: null, detail: '', parts: [] }) - 1;
      show();
      const end = (state: StepRecord['state'], detail: string, parts: readonly StepPart[]) => {
        steps[index] = { ...begun, state, durationMs: Date.now() - begunAt, detail, parts };
        show();
        audit.decided({ what: 'step', cluster, outcome: state, text: `${title}: ${detail}` });
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
    announce(text) {
      happened(text);
      show();
      tell();
    },
    waitFor(open) {
      const before = asked.open;
      const begun = (open !== null) !== (before !== null);
      const isNew = open !== null && open.id !== before?.id;
      asked.show(open);
      if (begun) upsertSearchAttributes([{ key: awaitingKey, value: open !== null }]);
      show();
      if (isNew) audit.decided({ what: 'asked', cluster, plan: open.planHash, text: open.text });
      tell();
    },
    admit: (people) => controls.admit(people),
    noWayBack: () => controls.take('clients wait'),
    nobodyWaits: () => controls.take('only forward'),
    handOver: () => controls.take('handed over'),
    takeBack: () => controls.take('free'),
    async rest(untilMs) {
      waits = untilMs > Date.now();
      await controls.rest(untilMs).finally(() => void (waits = false));
    },
    onCancel: (stop) => controls.onCancel(stop),
    calledOff: () => controls.calledOff,
    breakGlass(line) {
      glass = 'BREAK GLASS · ';
      found.decisions.push(line);
      show();
      tell();
    },
    steps: () => steps,
    close(outcome, words) {
      controls.end();
      // Called off while it asked: the question goes with the run.
      const asks = asked.open !== null;
      if (asks) asked.show(null);
      phase = 'ended';
      headline = words;
      report = {
        runbook,
        cluster,
        run: runId,
        outcome,
        headline: glass + headline,
        startedBy: by,
        trigger,
        reason,
        startedAt,
        endedAt: iso(Date.now()),
        ...found,
        steps: [...steps],
      };
      upsertSearchAttributes([
        { key: phaseKey, value: phase },
        { key: outcomeKey, value: outcome },
        ...(asks ? [{ key: awaitingKey, value: false }] : []),
      ]);
      show();
      const plan = found.plan ? { plan: found.plan.hash } : {};
      audit.decided({ what: 'ended', cluster, by, outcome, ...plan, text: words });
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
