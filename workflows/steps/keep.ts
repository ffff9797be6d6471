import { type RunbookReport } from '../decisions/report';
import { tidy } from './activities';

/** The report is in the run's result and query; the file is for the post-mortem. A full disk of ours fails nothing. */
export async function keep(report: RunbookReport): Promise<RunbookReport> {
  if (report.outcome !== 'planned') await tidy.writeReport(report).catch(() => undefined);
  return report;
}
