import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { RunbookError } from '../activities/errors';
import { type RunbookReport } from '../workflows/decisions/report';
import { changeId } from '../workflows/messages';

export interface Moment {
  readonly atEpochMs: number;
  readonly line: string;
}

/** What a run did and when each part of it ended, in the order of time. */
export function momentsOf(report: RunbookReport): Moment[] {
  const noticed = /noticed at (\S+): (.*)/.exec(report.evidence[0] ?? '');
  const watcher = noticed
    ? [{ atEpochMs: Date.parse(noticed[1] ?? ''), line: `the watcher: ${noticed[2] ?? ''}` }]
    : [];
  const steps = report.steps.map((step) => ({
    atEpochMs: Date.parse(step.startedAt) + (step.durationMs ?? 0),
    line: `${step.state === 'done' ? '✔' : '✘'} ${step.title} · ${step.detail}`,
  }));
  return [...watcher, ...steps].sort((one, other) => one.atEpochMs - other.atEpochMs);
}

/** A run that has not begun by then will not begin. */
const BEGINS_WITHIN_MS = 60_000;

/**
 * The report of the run under the cluster's lock. Asks the workflow nothing while it works: a query would take time on the very
 * path that is being measured.
 */
export async function reportOfChange(client: Client, cluster: string): Promise<RunbookReport> {
  for (const until = performance.now() + BEGINS_WITHIN_MS; performance.now() < until;) {
    try {
      return (await client.workflow.getHandle(changeId(cluster)).result()) as RunbookReport;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  throw new RunbookError({
    code: 'INTERNAL',
    message: `no run began under ${changeId(cluster)} within ${BEGINS_WITHIN_MS / 1000} s`,
    hint: `Look at the watcher: runbook watch status ${cluster}, and at the worker's log.`,
  });
}
