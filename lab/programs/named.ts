import { findPackaged } from './packaged';
import { type Progress, silent } from './progress';

/** BIND's name server: `RUNBOOK_NAMED`, else PATH, else the cache, else unpacked there from the machine's own packages. Only tests run it. */
export const findNamed = (progress: Progress = silent): Promise<string> =>
  findPackaged(
    {
      name: 'named',
      packaged: 'bind9',
      path: 'usr/sbin/named',
      variable: 'RUNBOOK_NAMED',
      title: 'BIND',
      hint: 'Install BIND 9.16 or newer so that named stands on PATH, or set RUNBOOK_NAMED to the program.',
    },
    progress,
  );
