import { Context } from '@temporalio/activity';
import { type InjectedSinks } from '@temporalio/worker';
import { type AuditLog } from '../activities/audit/log';
import { type StatementAudit } from '../activities/audit/statements';
import { type AuditSinks } from '../workflows/steps/audit';

/** What runs decide. Temporal calls it on the worker that decided, and not when it replays. */
export const auditSinks = (log: AuditLog | undefined): InjectedSinks<AuditSinks> => ({
  audit: {
    decided: {
      fn: ({ workflowId: workflow, runId: run, workflowType: runbook }, event) =>
        log?.write({ kind: 'decision', workflow, run, runbook, ...event }),
      callDuringReplay: false,
    },
  },
});

/** What came in at a door that knows who it was. A vote that does not count leaves nothing in a history: it stands here alone. */
export interface DoorEvent {
  readonly what: 'alert' | 'vote' | 'cancel';
  readonly door: 'http' | 'slack';
  /** The person, or the source of the alert. */
  readonly by: string;
  readonly workflow: string;
  readonly run?: string;
  readonly outcome: string;
  readonly text: string;
}

export const auditDoor =
  (log: AuditLog) =>
  (event: DoorEvent): void =>
    log.write({ kind: 'decision', ...event });

/** What was said to servers, with the run and the step that said it. */
export const auditStatement =
  (log: AuditLog, worker: string) =>
  (statement: StatementAudit): void =>
    log.write({ kind: 'statement', ...whoseStep(), worker, ...statement });

function whoseStep(): Readonly<Record<string, string>> {
  try {
    const { workflowExecution, activityType: step } = Context.current().info;
    return { workflow: workflowExecution?.workflowId ?? '', run: workflowExecution?.runId ?? '', step };
  } catch {
    return {}; // not asked by a step
  }
}
