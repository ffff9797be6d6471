import { type Command } from 'commander';
import { contextOf } from '../context';
import { invalidInput } from '../exit';

export function registerReport(program: Command): void {
  program
    .command('report <run>')
    .description('the report of a run that has ended, as Markdown (a cluster, workflow id or run id)')
    .action(async (written: string, _options: object, command: Command) => {
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
        context.answer(renderReport(report), report);
      });
    });
}
