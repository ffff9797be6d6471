import { type Command } from 'commander';
import { contextOf } from '../context';
import { invalidInput } from '../exit';
import { type RunSummary } from '../runs';

interface ListOptions {
  readonly cluster?: string;
  readonly running?: true;
  readonly limit: string;
}

export function registerList(program: Command): void {
  program
    .command('list')
    .description('runs, the newest first')
    .option('--cluster <name>', 'only of this cluster')
    .option('--running', 'only those that go on')
    .option('--limit <n>', 'at most so many', '20')
    .action(async (options: ListOptions, command: Command) => {
      const context = contextOf(command);
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1)
        throw invalidInput('--limit is not a whole number from 1', 'For example --limit 50.');
      const [{ withTemporal }, { listRuns }] = await Promise.all([import('../temporal.js'), import('../runs.js')]);
      await withTemporal(context, async (door) => {
        const runs = await listRuns(door, { cluster: options.cluster, running: options.running === true, limit });
        context.answer(table(runs), runs);
      });
    });
}

function table(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return 'No runs yet. Try one without risk: runbook plan emergencyFailover --cluster NAME';
  const rows = runs.map((run) => [
    run.startedAt.slice(0, 19).replace('T', ' '),
    run.runId.slice(-12),
    run.workflowId,
    run.runbook,
    run.outcome ||
      (run.status === 'RUNNING' ? `running${run.phase ? `: ${run.phase}` : ''}` : run.status.toLowerCase()),
  ]);
  return columns([['started (UTC)', 'run', 'workflow', 'runbook', 'outcome'], ...rows]);
}

export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
