import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { type Permit, type PermitRequest } from './decisions/permits';
import { type Outcome, type PlanSummary, type RunbookReport, type StepRecord } from './decisions/report';
import { type Pause } from './decisions/controls';
import { type StageProgress } from './decisions/progress';
import { type Story } from './decisions/story';
import { type Question } from './decisions/question';
import { type Door } from './decisions/votes';

/** Task queues. The emergency has its own, so that a long restore can never eat its slots. */
export const TASK_QUEUE = 'mysql-runbooks';
export const EMERGENCY_TASK_QUEUE = 'mysql-runbooks-emergency';

/** The lock of a cluster is this workflow id: Temporal itself lets one run, whoever starts it. */
export const changeId = (cluster: string): string => `cluster/${cluster}/change`;
/** A planned change that waits for its time; it holds no lock, so that others go on meanwhile. */
export const scheduledId = (cluster: string): string => `cluster/${cluster}/scheduled`;
export const watchId = (cluster: string): string => `cluster/${cluster}/watch`;
/** One archive of a cluster's binary logs. */
export const archiveId = (cluster: string): string => `cluster/${cluster}/archive`;
/** One restore of a cluster at a time; it holds no lock, since it touches nothing of it before its last step. */
export const restoreId = (cluster: string): string => `cluster/${cluster}/restore`;
export const rehearsalId = (cluster: string): string => `cluster/${cluster}/rehearsal`;
/** One drill of a cluster at a time; its changes take the lock one by one, so that a real failover is never kept waiting. */
export const drillId = (cluster: string): string => `cluster/${cluster}/drill`;
/** One filling of an instance at a time; it takes the lock only for the moment when the new replica is pointed at the primary. */
export const provisionId = (cluster: string, instance: string): string => `cluster/${cluster}/provision/${instance}`;
/** Neither changes the cluster: they hold ids of their own and never its lock. */
export const backupRunId = (cluster: string): string => `cluster/${cluster}/backup`;
export const verificationRunId = (cluster: string): string => `cluster/${cluster}/verification`;
/** One upgrade of a cluster at a time; it lasts for days, and only its switchovers take the lock. */
export const upgradeId = (cluster: string): string => `cluster/${cluster}/upgrade`;
/** Of a Temporal schedule, and before the time in the ids of its runs. */
export const scheduleId = (name: string): string => `${SCHEDULE_PREFIX}${name}`;
export const SCHEDULE_PREFIX = 'mysql-runbooks/';
/** Who tells of a run: it lives on when the run has ended, until everybody is told. */
export const notifyId = (workflowId: string, run: string): string => `${workflowId}/news/${run}`;
export const PERMITS_ID = 'fleet/failover-permits';

/** What a run is doing right now. */
export interface RunProgress {
  readonly runbook: string;
  readonly cluster: string;
  readonly phase: string;
  readonly headline: string;
  readonly steps: readonly StepRecord[];
  readonly question: Question | null;
  readonly plan: PlanSummary | null;
  readonly paused: Pause | null;
  readonly outcome: Outcome | null;
}

export interface Vote {
  /** Who answers; self-declared unless it came through an authenticated door. */
  readonly by: string;
  readonly reason?: string;
  /** The plan that was looked at, at least 8 characters of its hash. An approval needs it; one of another plan is refused. */
  readonly plan?: string;
  /** Id of the question that was answered, so that a late click on an old button answers nothing. */
  readonly question?: string;
  /** Where it came in; default `temporal`: the Web UI, or whoever sends updates and signals. */
  readonly door?: Door;
}

/** Who pauses, resumes or cancels a run. */
export interface Word {
  readonly by: string;
  readonly reason?: string;
  /** Of a pause: it ends by itself after so long. */
  readonly minutes?: number;
}

export const progressQuery = defineQuery<RunProgress>('progress');
export const reportQuery = defineQuery<RunbookReport | null>('report');
export const storyQuery = defineQuery<Story>('story');

export const approveUpdate = defineUpdate<string, [Vote]>('approve');
export const rejectUpdate = defineUpdate<string, [Vote]>('reject');
export const breakGlassUpdate = defineUpdate<string, [Vote]>('breakGlass');
/** The same meaning for tools that can only signal; a signal that does not count is dropped, with a note in the report. */
export const approveSignal = defineSignal<[Vote]>('approve');
export const rejectSignal = defineSignal<[Vote]>('reject');
export const breakGlassSignal = defineSignal<[Vote]>('breakGlass');

export const pauseUpdate = defineUpdate<string, [Word]>('pause');
export const resumeUpdate = defineUpdate<string, [Word]>('resume');
export const cancelUpdate = defineUpdate<string, [Word]>('cancel');
export const pauseSignal = defineSignal<[Word]>('pause');
export const resumeSignal = defineSignal<[Word]>('resume');
export const cancelSignal = defineSignal<[Word]>('cancel');

/** Of an upgrade: the old release takes the writes again, with all that was written since. */
export const goBackUpdate = defineUpdate<string, [Word]>('goBack');
export const goBackSignal = defineSignal<[Word]>('goBack');

/** An alert is over. */
export interface ResolvedAlert {
  /** The source, as the inventory names it. */
  readonly source: string;
  readonly alert: string;
}
/** The run looks at once whether its question still stands; past its question it goes on. */
export const alertResolvedSignal = defineSignal<[ResolvedAlert]>('alertResolved');

export const requestPermitUpdate = defineUpdate<Permit, [PermitRequest]>('requestPermit');
export const returnPermitSignal = defineSignal<[string]>('returnPermit');

/** Of an activity of the run's own: how far it is. */
export const stageProgressSignal = defineSignal<[StageProgress]>('stageProgress');

/** There is something new to tell of the run. */
export const newsSignal = defineSignal('news');
