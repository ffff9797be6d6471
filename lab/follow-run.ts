import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type RunbookReport } from '../workflows/decisions/report';
import { changeId } from '../workflows/messages';

/**
 * Waits for the run under the cluster's lock and tells its steps, with the time at which each ended. Asks the workflow nothing
 * while it works: a query would take time on the very path that is being shown.
 */
export async function followRun(
  client: Client,
  cluster: string,
  tell: (line: string, atEpochMs: number) => void,
): Promise<RunbookReport> {
  const report = await resultOf(client, cluster);
  const noticed = /noticed at (\S+): (.*)/.exec(report.evidence[0] ?? '');
  if (noticed) tell(`the watcher: ${noticed[2] ?? ''}`, Date.parse(noticed[1] ?? ''));
  for (const step of report.steps) {
    const endedAt = Date.parse(step.startedAt) + (step.durationMs ?? 0);
    tell(`${step.state === 'done' ? '✔' : '✘'} ${step.title} · ${step.detail}`, endedAt);
  }
  return report;
}

async function resultOf(client: Client, cluster: string): Promise<RunbookReport> {
  for (;;) {
    try {
      return (await client.workflow.getHandle(changeId(cluster)).result()) as RunbookReport;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
