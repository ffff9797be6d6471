import { type KnownBackup } from './manifest';

/** How a cluster's backups stand, for whoever watches them. Ages in seconds since the backup was begun: what it holds is that old. */
export interface BackupHealth {
  /** Infinity = there is none. */
  readonly newestAgeSeconds: number;
  /** Of the newest that a restore has proven. Infinity = none is. */
  readonly provenAgeSeconds: number;
  /** How long that restore took; null = none is proven. */
  readonly restoreSeconds: number | null;
  /** The newest verification of all said: this is no backup. */
  readonly lastFailed: boolean;
}

export function backupHealth(backups: readonly KnownBackup[], nowMs: number): BackupHealth {
  const oldestFirst = [...backups].sort((one, other) => (one.manifest.id < other.manifest.id ? -1 : 1));
  const proven = oldestFirst.filter(({ verified }) => verified?.verdict === 'proven').at(-1);
  const age = (backup: KnownBackup | undefined) =>
    backup ? Math.max(0, (nowMs - Date.parse(backup.manifest.startedAt)) / 1000) : Number.POSITIVE_INFINITY;
  const verified = oldestFirst.flatMap(({ verified: said }) => said ?? []);
  const last = verified.reduce((newest, one) => (one.at > newest.at ? one : newest), { at: '', verdict: 'proven' });
  const restoreMs = proven?.verified?.restoreMs ?? null;
  return {
    newestAgeSeconds: age(oldestFirst.at(-1)),
    provenAgeSeconds: age(proven),
    restoreSeconds: restoreMs === null ? null : restoreMs / 1000,
    lastFailed: last.verdict === 'failed',
  };
}
