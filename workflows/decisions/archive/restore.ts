import { count, type GtidSet, intersect, isEmpty, parseGtidSet, print, subtract, union } from '../gtid-set';
import { type BackupManifest, type KnownBackup } from '../backups/manifest';
import { hashOf } from '../plan';
import { type PlanSummary } from '../report';

/** What a person wants back. Exactly one of the first five says up to where. GTID sets are text. */
export interface RestoreWish {
  /** Up to and with this transaction. */
  readonly to?: string | undefined;
  /** Up to just before this transaction. */
  readonly before?: string | undefined;
  /** Up to the last transaction that was committed before this moment (ISO 8601). */
  readonly at?: string | undefined;
  /** Exactly this set. */
  readonly gtids?: string | undefined;
  /** Everything that is archived, but these. */
  readonly without?: string | undefined;
  /** `schema.table`; empty = all of it, as a server. */
  readonly tables: readonly string[];
  readonly into: 'instance' | 'file' | 'cluster';
  /** Id of a backup; left out = the newest that lies before the target. */
  readonly backup?: string | undefined;
}

/** What the wish comes to. */
export interface RestorePoint {
  readonly target: string;
  readonly without: string;
  /** In words: the last transaction, its time. */
  readonly because: string;
}

export interface RestoreFacts {
  readonly point: RestorePoint;
  readonly backups: readonly KnownBackup[];
  /** All that is archived. */
  readonly archived: string;
  /** What members that can be read have executed together; null = none can be read. */
  readonly known: string | null;
  readonly primary: string | null;
}

export type RestoreDecision =
  | { readonly act: 'restore'; readonly base: BackupManifest; readonly transactions: number; readonly because: string }
  | { readonly act: 'refuse'; readonly because: string; readonly cure: string };

/**
 * From which backup, and whether the archive carries from there to the target. A transaction that no server and no archive knows was never
 * made: numbers are left out where a server died. One that a server knows and the archive lacks is a gap, and the restore is refused.
 */
export function decideRestore(wish: RestoreWish, facts: RestoreFacts): RestoreDecision {
  const target = parseGtidSet(facts.point.target);
  const without = parseGtidSet(facts.point.without);
  const fits = facts.backups.filter(({ manifest }) => {
    const held = parseGtidSet(manifest.gtidExecuted);
    return isEmpty(subtract(held, target)) && isEmpty(intersect(held, without));
  });
  const base = (wish.backup === undefined ? fits.at(-1) : fits.find(({ manifest }) => manifest.id === wish.backup))
    ?.manifest;
  if (!base) return noBase(wish, facts);
  const held = parseGtidSet(base.gtidExecuted);
  const missing = missingUpTo(target, union(held, union(without, parseGtidSet(facts.archived))), facts.known);
  if (!isEmpty(missing))
    return {
      act: 'refuse',
      because: `the archive lacks ${print(missing).replaceAll('\n', '')} (${count(missing)} transactions), which lie before the target`,
      cure: 'choose a target before them, or a backup that was taken after them',
    };
  const transactions = count(subtract(subtract(target, held), without));
  return {
    act: 'restore',
    base,
    transactions,
    because: `backup ${base.id} (${base.endedAt}) and ${transactions} archived transactions lead to it: ${facts.point.because}`,
  };
}

/** Every number up to the highest of each series, as far as it is known to exist. */
function missingUpTo(target: GtidSet, covered: GtidSet, known: string | null): GtidSet {
  const hull = parseGtidSet(
    target.sources
      .map(
        ({ uuid, tag, intervals }) =>
          `${uuid}${tag === '' ? '' : `:${tag}`}:1-${(intervals[intervals.length - 1] ?? 2) - 1}`,
      )
      .join(','),
  );
  const missing = subtract(hull, covered);
  return known === null ? missing : union(intersect(missing, parseGtidSet(known)), subtract(target, covered));
}

function noBase(wish: RestoreWish, { backups }: RestoreFacts): RestoreDecision {
  const named = wish.backup === undefined ? 'no backup' : `no backup ${wish.backup}`;
  return {
    act: 'refuse',
    because: `there is ${named} that lies before the target (${backups.length} in the store)`,
    cure:
      backups.length === 0
        ? 'take one: runbook start backUp'
        : 'choose a later target, or an older backup that is still kept',
  };
}

/** What a person sees, and agrees to where clients are touched. */
export function planRestore(
  cluster: string,
  wish: RestoreWish,
  facts: RestoreFacts,
  decision: RestoreDecision & { act: 'restore' },
): PlanSummary {
  const { point, primary } = facts;
  const what = wish.tables.length === 0 ? cluster : wish.tables.join(', ');
  const place = {
    instance: 'a new server on the worker, which is left running',
    file: 'a dump file beside the reports',
    cluster: `${primary ?? 'the primary'}, where the present tables are kept under another name`,
  }[wish.into];
  const agreed = {
    kind: 'restore',
    base: decision.base.id,
    target: point.target,
    without: point.without,
    tables: wish.tables,
    into: wish.into,
    primary,
  };
  return {
    hash: hashOf(agreed),
    kind: 'restore',
    summary: `restore ${what} to ${point.because}, into ${place}`,
    lines: [
      `from backup ${decision.base.id}, ended ${decision.base.endedAt}`,
      `then ${decision.transactions} archived transactions`,
      ...(point.without === '' ? [] : [`without ${point.without}: an empty transaction takes its place`]),
    ],
    risks: risksOf(wish, point),
  };
}

function risksOf({ into, tables }: RestoreWish, { without }: RestorePoint): string[] {
  return [
    ...(into === 'cluster'
      ? [
          `${tables.join(', ')} in the cluster are replaced by what they were then: writes since then stay only in the tables kept aside`,
        ]
      : []),
    ...(without === ''
      ? []
      : [`transactions behind ${without} were made with its effect in sight: the result is a state that never was`]),
  ];
}
