import { dirname, join } from 'node:path';
import { type Cluster } from '../../../workflows/decisions/cluster';

export interface XtraBackupPrograms {
  /** As the inventory writes it: with the option file that has its login. */
  readonly command: readonly string[];
  readonly xtrabackup: string;
  /** Beside it. */
  readonly xbstream: string;
  /** For what is known of a copy while it is made. */
  readonly folder: string;
}

/** XtraBackup on the hosts of a cluster; null = the inventory names none. */
export function programsOf({ backups }: Pick<Cluster, 'backups'>): XtraBackupPrograms | null {
  const physical = backups?.physical;
  if (physical?.tool !== 'xtrabackup') return null;
  const { command, folder } = physical;
  const [xtrabackup = ''] = command;
  const xbstream = xtrabackup.includes('/') ? join(dirname(xtrabackup), 'xbstream') : 'xbstream';
  return { command, xtrabackup, xbstream, folder };
}
