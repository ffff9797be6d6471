import { type Command } from 'commander';
import { contextOf } from '../context';
import { writeDrawing } from '../drawing-file';
import { invalidInput } from '../exit';

export function registerReport(program: Command): void {
  program
    .command('report <run>')
    .description('the report of a run that has ended, as Markdown (a cluster, workflow id or run id)')
    .option('--svg <file>', 'also draw its timeline')
    .action(async (written: string, options: { svg?: string }, command: Command) => {
      const context = contextOf(command);
      const [{ withTemporal }, { findRun }, { reportOf }, { renderReport }] = await Promise.all([
        import('../temporal.js'),
        import('../runs.js'),
        import('../follow.js'),
        import('../../workflows/decisions/report.js'),
      ]);
      await withTemporal(context, async (door) => {
        const run = await findRun(door, written);
        if (run.status === 'RUNNING')
          throw invalidInput(`${run.workflowId} still runs`, `See it with \`runbook status ${run.workflowId}\`.`);
        const report = await reportOf(door, run);
        if (options.svg !== undefined) {
          const { drawTimeline } = await import('../../activities/reports/timeline-picture.js');
          await writeDrawing(context, options.svg, drawTimeline(report));
        }
        context.answer(renderReport(report), report);
      });
    });
}
