import { findPackaged } from './packaged';
import { type Progress, silent } from './progress';

const VARIABLES = {
  prometheus: 'RUNBOOK_PROMETHEUS',
  'prometheus-alertmanager': 'RUNBOOK_ALERTMANAGER',
  'prometheus-mysqld-exporter': 'RUNBOOK_MYSQLD_EXPORTER',
} as const;

/** A program of the monitoring: its variable, else PATH, else the cache, else unpacked there from Debian's package of that name. Only tests run it. */
const find = (name: keyof typeof VARIABLES, title: string, progress: Progress): Promise<string> =>
  findPackaged(
    {
      name,
      packaged: name,
      path: `usr/bin/${name}`,
      variable: VARIABLES[name],
      title,
      hint: `Install ${title} so that ${name} stands on PATH, or set ${VARIABLES[name]} to the program.`,
    },
    progress,
  );

export async function findMonitoring(
  progress: Progress = silent,
): Promise<{ prometheus: string; alertmanager: string; exporter: string }> {
  // One after the other: each reads package lists.
  return {
    prometheus: await find('prometheus', 'Prometheus', progress),
    alertmanager: await find('prometheus-alertmanager', 'Alertmanager', progress),
    exporter: await find('prometheus-mysqld-exporter', 'mysqld_exporter', progress),
  };
}
