import { type KnownBackup } from './manifest';
import { type RetentionPolicy } from './policy';

export interface Retention {
  readonly keep: readonly { readonly id: string; readonly because: string }[];
  readonly remove: readonly string[];
}

const DAY_MS = 86_400_000;

/**
 * What stays and why, the newest first; everything else may go. Kept whatever the policy says: the newest proven backup, the base of
 * any moment that is promised, and what a kept incremental needs. A backup whose verification failed is kept only while it is young: it is evidence,
 * and counts for nothing else. Never throws. Times are milliseconds since 1970.
 */
export function decideRetention(backups: readonly KnownBackup[], policy: RetentionPolicy, nowMs: number): Retention {
  const newestFirst = [...backups].sort((one, other) => (one.manifest.id < other.manifest.id ? 1 : -1));
  const sound = newestFirst.filter(({ verified }) => verified?.verdict !== 'failed');
  const kept = new Map<string, string>();
  const keep = (backup: KnownBackup | undefined, because: string): void => {
    if (backup && !kept.has(backup.manifest.id)) kept.set(backup.manifest.id, because);
  };
  const atMs = ({ manifest }: KnownBackup): number => Date.parse(manifest.startedAt);
  keep(newestFirst.find(isProven), 'the newest that is proven');
  for (const base of promisedBases(backups, policy, nowMs))
    keep(base, `any second of ${policy.promisedDays} days is promised`);
  for (const backup of sound.slice(0, policy.atLeast)) keep(backup, `${policy.atLeast} stay whatever their age`);
  for (const backup of newestFirst)
    if (nowMs - atMs(backup) < policy.days * DAY_MS) keep(backup, `younger than ${policy.days} days`);
  for (const backup of newestOfEach(sound, policy.weeks, weekOf, atMs)) keep(backup, 'the newest of its week');
  for (const backup of newestOfEach(sound, policy.months, monthOf, atMs)) keep(backup, 'the newest of its month');
  for (const backup of newestFirst) if (kept.has(backup.manifest.id)) keepBases(backup, newestFirst, keep);

  return {
    keep: newestFirst.flatMap(({ manifest: { id } }) => {
      const because = kept.get(id);
      return because === undefined ? [] : [{ id, because }];
    }),
    remove: newestFirst.map(({ manifest }) => manifest.id).filter((id) => !kept.has(id)),
  };
}

/** From where any second of the promised days is reached: the newest before them, and the newest proven one before them. None: nothing is promised, or none is so old. */
export function promisedBases(
  backups: readonly KnownBackup[],
  { promisedDays }: RetentionPolicy,
  nowMs: number,
): KnownBackup[] {
  if (promisedDays === 0) return [];
  const before = backups
    .filter(({ verified }) => verified?.verdict !== 'failed')
    .filter(({ manifest }) => Date.parse(manifest.endedAt) <= nowMs - promisedDays * DAY_MS)
    .sort((one, other) => (one.manifest.id < other.manifest.id ? 1 : -1));
  const proven = before.find(isProven);
  return [...before.slice(0, 1), ...(proven && proven !== before[0] ? [proven] : [])];
}

const isProven = ({ verified }: KnownBackup): boolean => verified?.verdict === 'proven';

function keepBases(
  { manifest }: KnownBackup,
  all: readonly KnownBackup[],
  keep: (backup: KnownBackup | undefined, because: string) => void,
): void {
  const base = all.find((one) => one.manifest.id === manifest.base);
  if (!base) return;
  keep(base, `${manifest.id} needs it`);
  keepBases(base, all, keep);
}

function newestOfEach(
  newestFirst: readonly KnownBackup[],
  many: number,
  spanOf: (ms: number) => string,
  atMs: (backup: KnownBackup) => number,
): KnownBackup[] {
  const found = new Map<string, KnownBackup>();
  for (const backup of newestFirst) {
    const span = spanOf(atMs(backup));
    if (!found.has(span)) found.set(span, backup);
  }
  return [...found.values()].slice(0, many);
}

/** Weeks begin on Monday; the first of 1970 did on 29 December 1969. */
const weekOf = (ms: number): string => String(Math.floor((ms / DAY_MS + 3) / 7));
const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);

/** Ids of backups that were begun so long ago that nobody works on them any more. */
export const abandoned = (unfinished: readonly string[], nowMs: number): string[] =>
  unfinished.filter((id) => {
    const written = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/.exec(id);
    if (!written) return false;
    const [, year = '', month = '', day = '', hour = '', minute = ''] = written;
    // Several days: a large one takes its time.
    return nowMs - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`) > 7 * DAY_MS;
  });
