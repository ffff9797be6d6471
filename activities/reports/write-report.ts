import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { renderReport, type RunbookReport } from '../../workflows/decisions/report';
import { type Deps } from '../deps';

/**
 * Keep the report as Markdown and JSON below the inventory's report folder. Idempotent: the same run writes the same names, and
 * a file appears whole or not at all. Returns the paths.
 */
export async function writeReport(deps: Deps, report: RunbookReport): Promise<string[]> {
  const folder = join((await deps.inventory()).reports, report.cluster);
  await mkdir(folder, { recursive: true });
  const stem = `${report.startedAt.replaceAll(':', '').slice(0, 17)}Z-${report.runbook}-${report.run.slice(0, 8)}`;
  const files = [
    [join(folder, `${stem}.md`), renderReport(report)],
    [join(folder, `${stem}.json`), `${JSON.stringify(report, null, 2)}\n`],
  ] as const;
  for (const [path, text] of files) {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }
  return files.map(([path]) => path);
}
