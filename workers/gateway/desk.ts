import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type Alert, tellAlert } from '../../workflows/decisions/alerts';
import { alertResolvedSignal, changeId, EMERGENCY_TASK_QUEUE } from '../../workflows/messages';
import { locked, Refusal, unavailable } from './refusals';

/** Longer than this and the sender is told to come again, before it gives up by itself. In milliseconds. */
const DEADLINE_MS = 4_000;
/** The same alert within this time of the run that it started is that run's, also when that has ended. In milliseconds. */
const SAME_ALERT_MS = 60_000;
const RUNBOOK = 'emergencyFailover';

/** What became of an alert. All of it is durable: Temporal has it. */
export interface Taken {
  readonly cluster: string;
  readonly outcome: 'started' | 'joined' | 'told' | 'nothing to close';
  readonly workflowId: string;
  readonly runId: string | null;
}

export interface Desk {
  /**
   * Start the failover under the cluster's lock, or join the one that runs. Twice is the same as once: the lock lets one run, and an
   * alert that is told again within a minute is that run's. Throws 503 while another runbook has the lock, or when Temporal does not
   * answer in time; the sender's retry is right then.
   */
  start(cluster: string, alert: Alert, source: string): Promise<Taken>;
  /** Tell the run that its alert is over; the run looks, and decides. Throws 503. */
  resolve(cluster: string, alert: Alert, source: string): Promise<Taken>;
}

export function openDesk(client: Client, now: () => number): Desk {
  const underway = new Map<string, Promise<Taken>>();
  return {
    async start(cluster, alert, source) {
      const key = JSON.stringify([cluster, alert.fingerprint, alert.since]);
      const others = underway.get(key);
      if (others) return { ...(await others), outcome: 'joined' };
      const mine = bounded(client, () => startOrJoin(client, cluster, alert, source, now()));
      underway.set(key, mine);
      try {
        return await mine;
      } finally {
        underway.delete(key);
      }
    },
    resolve: (cluster, alert, source) => bounded(client, () => tellResolved(client, cluster, alert, source)),
  };
}

async function startOrJoin(
  client: Client,
  cluster: string,
  alert: Alert,
  source: string,
  nowMs: number,
): Promise<Taken> {
  const workflowId = changeId(cluster);
  const latest = await describe(client, workflowId);
  if (latest && (latest.status.name === 'RUNNING' || isSame(latest, alert, nowMs))) return joined(cluster, latest);
  const { fingerprint, since } = alert;
  try {
    const handle = await client.workflow.start(RUNBOOK, {
      workflowId,
      taskQueue: EMERGENCY_TASK_QUEUE,
      args: [{ cluster, trigger: 'alert', requestedBy: `alert of ${source}`, reason: tellAlert(alert) }],
      memo: { alert: { source, fingerprint, since } },
      // Joining is ours: Temporal would join a run of any type without a word.
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      // A worker that dies inside a workflow task is noticed by this alone.
      workflowTaskTimeout: '3 s',
      staticSummary: `Emergency failover of ${cluster}, started by an alert`,
    });
    return { cluster, outcome: 'started', workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    const winner =
      error instanceof WorkflowExecutionAlreadyStartedError ? await describe(client, workflowId) : undefined;
    if (!winner) throw error;
    return joined(cluster, winner);
  }
}

function joined(cluster: string, { type, workflowId, runId, startTime }: WorkflowExecutionDescription): Taken {
  if (type === RUNBOOK) return { cluster, outcome: 'joined', workflowId, runId };
  throw locked(
    `${type} has been changing ${cluster} since ${startTime.toISOString()}, and a cluster is changed by one run at a time`,
    'Send the alert again when it has ended.',
  );
}

function isSame({ type, memo, startTime }: WorkflowExecutionDescription, alert: Alert, nowMs: number): boolean {
  const started = memo?.['alert'] as Partial<Alert> | undefined;
  return (
    type === RUNBOOK &&
    started?.fingerprint === alert.fingerprint &&
    started.since === alert.since &&
    nowMs - startTime.getTime() < SAME_ALERT_MS
  );
}

async function tellResolved(client: Client, cluster: string, alert: Alert, source: string): Promise<Taken> {
  const workflowId = changeId(cluster);
  const nothing: Taken = { cluster, outcome: 'nothing to close', workflowId, runId: null };
  const latest = await describe(client, workflowId);
  if (latest?.status.name !== 'RUNNING' || latest.type !== RUNBOOK) return nothing;
  try {
    await client.workflow
      .getHandle(workflowId, latest.runId)
      .signal(alertResolvedSignal, { source, alert: tellAlert(alert) });
    return { cluster, outcome: 'told', workflowId, runId: latest.runId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return nothing; // it has just ended
    throw error;
  }
}

async function describe(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Whatever Temporal could not do in time is answered with 503: what is not known to be durable is not told to be. */
export async function bounded<Result>(client: Client, work: () => Promise<Result>): Promise<Result> {
  try {
    return await client.withDeadline(Date.now() + DEADLINE_MS, work);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    const refusal = unavailable('Temporal did not take it', 'Send it again; nothing is lost by sending it twice.');
    refusal.cause = error;
    throw refusal;
  }
}
