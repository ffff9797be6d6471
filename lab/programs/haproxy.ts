import { findPackaged } from './packaged';
import { type Progress, silent } from './progress';

/** HAProxy: `RUNBOOK_HAPROXY`, else PATH, else the cache, else unpacked there from the machine's own packages. */
export const findHaproxy = (progress: Progress = silent): Promise<string> =>
  findPackaged(
    {
      name: 'haproxy',
      packaged: 'haproxy',
      path: 'usr/sbin/haproxy',
      variable: 'RUNBOOK_HAPROXY',
      title: 'HAProxy',
      hint: 'Install HAProxy 2.4 or newer so that it stands on PATH, or set RUNBOOK_HAPROXY to the program.',
    },
    progress,
  );
