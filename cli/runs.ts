import { type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { changeId, drillId, restoreId, scheduledId, upgradeId } from '../workflows/messages';
import { RUNBOOKS } from './runbooks';
import { invalidInput } from './exit';
import { type Door } from './temporal';

/** One run as lists show it. `outcome` is what the runbook said; '' while it runs or where Temporal keeps no such attribute. */
export interface RunSummary {
  readonly workflowId: string;
  readonly runId: string;
  readonly runbook: string;
  /** Temporal's word: RUNNING, COMPLETED, FAILED … */
  readonly status: string;
  readonly outcome: string;
  readonly phase: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface RunFilter {
  readonly cluster?: string | undefined;
  readonly running?: boolean;
  readonly limit: number;
}

/** Newest first. */
export async function listRuns(door: Door, { cluster, running, limit }: RunFilter): Promise<RunSummary[]> {
  const types = [...RUNBOOKS.map(({ name }) => name), 'scheduledRun', 'watchCluster', 'archiveBinlogs', 'archiveAlarm']
    .map((type) => `'${type}'`)
    .join(', ');
  const query = `WorkflowType IN (${types})${running ? " AND ExecutionStatus = 'Running'" : ''}`;
  const runs: RunSummary[] = [];
  for await (const info of door.client.workflow.list({ query, pageSize: 100 })) {
    // By id and not by search attribute: an attribute that nobody registered would make the whole list fail.
    if (cluster !== undefined && !info.workflowId.startsWith(`cluster/${cluster}/`)) continue;
    runs.push(summaryOf(info));
    if (runs.length >= limit) break;
  }
  return runs;
}

type Info = Pick<
  WorkflowExecutionDescription,
  'workflowId' | 'runId' | 'type' | 'status' | 'startTime' | 'closeTime' | 'typedSearchAttributes'
>;

export function summaryOf(info: Info): RunSummary {
  const attribute = (name: string) => {
    const found = info.typedSearchAttributes.getAll().find(({ key }) => key.name === name);
    return typeof found?.value === 'string' ? found.value : '';
  };
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    runbook: info.type,
    status: info.status.name,
    outcome: attribute('RunbookOutcome'),
    phase: attribute('RunbookPhase'),
    startedAt: info.startTime.toISOString(),
    endedAt: info.closeTime?.toISOString() ?? null,
  };
}

/**
 * The run that a person means: a cluster's name (the change that runs, else the drill, the upgrade, the restore, else the one that waits for its time,
 * else the last), a workflow id, a run id or its last characters as `runbook list` prints them. Throws INVALID_INPUT with what there is.
 */
export async function findRun(door: Door, written: string): Promise<RunSummary> {
  const { now, scheduled } = await ofCluster(door, written);
  const running = [...now, scheduled].find((run) => run?.status === 'RUNNING');
  if (running) return running;
  const found = latest(now) ?? scheduled ?? (await describe(door, written));
  if (found) return found;
  // Run ids begin with the time, so that two of the same minute differ only at their ends.
  const short = /^[0-9a-f]{6,12}$/.test(written);
  const matching = short
    ? (await listRuns(door, { limit: 500 })).filter(({ runId }) => runId.endsWith(written))
    : await byRunId(door, written);
  const [run] = matching;
  if (run && matching.length === 1) return run;
  throw invalidInput(
    `there is no run "${written}"`,
    'Name a cluster, a workflow id or a run id; `runbook list` shows them.',
  );
}

type Found = RunSummary | undefined;

/** What a cluster's name means, first things first. Backups and verifications come and go without anybody. */
const NOW = [changeId, drillId, upgradeId, restoreId];

/** Its latest change, drill, upgrade and restore, and the latest change that was ordered for a time. */
export async function ofCluster(door: Door, cluster: string): Promise<{ now: Found[]; scheduled: Found }> {
  const [scheduled, ...now] = await Promise.all([scheduledId, ...NOW].map((id) => describe(door, id(cluster))));
  return { now, scheduled };
}

/** A drill or an upgrade ends after the changes that it has begun. */
const latest = (runs: readonly Found[]): Found =>
  runs
    .filter((run) => run !== undefined)
    .sort((one, other) => (one.endedAt ?? '').localeCompare(other.endedAt ?? ''))
    .at(-1);

async function byRunId(door: Door, runId: string): Promise<RunSummary[]> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(runId)) return [];
  const runs: RunSummary[] = [];
  for await (const info of door.client.workflow.list({ query: `RunId = '${runId}'` })) runs.push(summaryOf(info));
  return runs;
}

/** What `status` shows when nobody names a run: null when nothing goes on. Throws INVALID_INPUT when several do. */
export async function theOnlyOne(door: Door): Promise<RunSummary | null> {
  const running = await listRuns(door, { running: true, limit: 50 });
  const changes = running.filter(({ runbook }) => runbook !== 'watchCluster' && runbook !== 'archiveBinlogs');
  const [run] = changes;
  if (!run || changes.length === 1) return run ?? null;
  throw invalidInput(
    `${changes.length} runs are going on: ${changes.map(({ workflowId }) => workflowId).join(', ')}`,
    'Name one of them.',
  );
}

async function describe(door: Door, workflowId: string): Promise<RunSummary | undefined> {
  try {
    return summaryOf(await door.client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
