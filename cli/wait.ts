import { describeRpo, type RunbookReport } from '../workflows/decisions/report';
import { type Context } from './context';
import { follow } from './follow';
import { displayFor } from './progress';
import { type Door } from './temporal';

/** Show a run until it ends, then its result. The display goes to stderr with --json, so that stdout holds the report alone. */
export async function waitFor(
  context: Context,
  door: Door,
  run: { workflowId: string; runId: string },
): Promise<RunbookReport> {
  const display = displayFor(context.json ? process.stderr : process.stdout, run.workflowId);
  const report = await follow(door, run, {
    show: (progress) => display.show(progress),
    noWorker: () => context.note('No worker answers for this run, so it stands still. Start one: runbook worker'),
  });
  context.answer(resultWords(report), report);
  return report;
}

/** The end of a run for a terminal: outcome, plan, what is lost, what is left to do. */
export function resultWords(report: RunbookReport): string {
  const { plan, rto, rpo } = report;
  return [
    '',
    `${report.runbook} of ${report.cluster}: ${report.outcome}`,
    report.headline,
    ...(plan && report.outcome !== 'done'
      ? [
          '',
          `Plan ${plan.hash.slice(0, 8)}: ${plan.summary}`,
          ...plan.lines.map((line) => `  ${line}`),
          ...plan.risks.map((risk) => `  risk: ${risk}`),
        ]
      : []),
    ...(rto ? ['', `RTO ${(rto.totalMs / 1000).toFixed(2)} s (${rto.because})`] : []),
    ...(rpo ? [`RPO ${describeRpo(rpo)}`] : []),
    ...(report.left.length > 0 ? ['', 'Left for a person:', ...report.left.map((line) => `  ${line}`)] : []),
    '',
    `The whole report: runbook report ${report.run}`,
  ].join('\n');
}
