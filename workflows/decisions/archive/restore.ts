import { count, type GtidSet, intersect, isEmpty, parseGtidSet, print, subtract, union } from '../gtid-set';
import { type BackupManifest, type KnownBackup } from '../backups/manifest';
import { type DelayedReplica, standsBefore } from './delayed';
import { hullOf } from './target';

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
  /** Only these rows of the one table: the condition of a WHERE. */
  readonly where?: string | undefined;
  readonly into: 'instance' | 'file' | 'cluster';
  /** Id of a backup; left out = the best way there is. */
  readonly backup?: string | undefined;
}

/** What the wish comes to. */
export interface RestorePoint {
  readonly target: string;
  readonly without: string;
  /** In words: the last transaction and the next one, with their times. */
  readonly because: string;
  /** When the last transaction of it was committed (ISO 8601); null = not known, as a set was named. */
  readonly lastAt: string | null;
  /** The first archived transaction behind it; null = there is none, or a set was named. */
  readonly next: { readonly gtid: string; readonly at: string } | null;
}

export interface RestoreFacts {
  readonly point: RestorePoint;
  readonly backups: readonly KnownBackup[];
  /** All that is archived, and what lies before the archive. */
  readonly archived: string;
  readonly before: string;
  /** What members that can be read have executed together; null = none can be read. */
  readonly known: string | null;
  readonly delayed: readonly DelayedReplica[];
  readonly primary: string | null;
}

/** How the target is reached. */
export type RestoreWay =
  | { readonly kind: 'backup'; readonly base: BackupManifest; readonly transactions: number }
  | { readonly kind: 'delayed'; readonly replica: DelayedReplica; readonly transactions: number };

export type RestoreDecision =
  | {
      readonly act: 'restore';
      /** With what the base holds and the archive never had. */
      readonly target: string;
      readonly way: RestoreWay;
      readonly because: string;
    }
  | { readonly act: 'refuse'; readonly because: string; readonly cure: string };

type Refusal = RestoreDecision & { act: 'refuse' };

/**
 * From which backup, and whether the archive carries from there to the target; or by a delayed replica, where tables are wanted and it has less to
 * do. A transaction that no server and no archive knows was never made: numbers are left out where a server died. One that a server knows and the
 * archive lacks is a gap, and the restore is refused.
 */
export function decideRestore(wish: RestoreWish, facts: RestoreFacts): RestoreDecision {
  const late = notArchivedYet(wish, facts);
  if (late) return late;
  const byBackup = fromBackup(wish, facts);
  const byReplica = fromReplica(wish, facts);
  if (!byReplica) return byBackup;
  const { replica, transactions } = byReplica.way;
  const has = `${replica.name} waits ${replica.delaySeconds} s before it applies, and has ${transactions} transactions to apply up to it`;
  if (byBackup.act === 'refuse') return { ...byReplica, because: `${has}; by a backup: ${byBackup.because}` };
  const work = byBackup.way.transactions + rowsOf(byBackup.way);
  if (work < transactions) return byBackup;
  return { ...byReplica, because: `${has}, less than a backup and the archive (${work} rows and transactions)` };
}

/** A physical one is unpacked, which is quick beside loading rows. */
const rowsOf = (way: RestoreWay): number =>
  way.kind === 'backup' && way.base.kind === 'logical'
    ? way.base.tables.reduce((sum, { rows }) => sum + (rows ?? 0), 0)
    : 0;

/** At the end of the archive nobody knows what was committed and is not archived yet. */
function notArchivedYet({ at }: RestoreWish, { point, known, archived, before }: RestoreFacts): Refusal | null {
  if (at === undefined || point.next !== null || known === null) return null;
  const covered = union(union(parseGtidSet(archived), parseGtidSet(before)), hullOf(parseGtidSet(point.target)));
  const missing = subtract(parseGtidSet(known), covered);
  if (isEmpty(missing)) return null;
  return {
    act: 'refuse',
    because: `the archive ends at ${point.lastAt ?? 'its beginning'} and lacks ${printed(missing)} (${count(missing)} transactions), of which some may lie before ${at}`,
    cure: 'wait until they are archived (runbook archive status), or name the last transaction that you want with "to"',
  };
}

function fromReplica(
  wish: RestoreWish,
  { point, delayed, archived }: RestoreFacts,
): (RestoreDecision & { act: 'restore'; way: RestoreWay & { kind: 'delayed' } }) | null {
  if (wish.into === 'instance' || wish.backup !== undefined || point.without !== '') return null;
  const found = standsBefore(delayed, point, parseGtidSet(archived));
  return found && { act: 'restore', target: point.target, way: { kind: 'delayed', ...found }, because: '' };
}

function fromBackup(wish: RestoreWish, facts: RestoreFacts): Refusal | (RestoreDecision & { act: 'restore' }) {
  const without = parseGtidSet(facts.point.without);
  const archived = parseGtidSet(facts.archived);
  const fits = facts.backups.filter(
    ({ manifest, verified }) =>
      (wish.backup === manifest.id || (wish.backup === undefined && isUsable(manifest, verified))) &&
      liesBefore(manifest, facts.point, archived) &&
      isEmpty(intersect(parseGtidSet(manifest.gtidExecuted), without)),
  );
  const base = fits.at(-1)?.manifest;
  if (!base) return noBase(wish, facts);
  const held = parseGtidSet(base.gtidExecuted);
  const target = union(parseGtidSet(facts.point.target), held);
  const missing = missingUpTo(target, union(held, union(without, archived)), facts.known);
  if (!isEmpty(missing))
    return {
      act: 'refuse',
      because: `the archive lacks ${printed(missing)} (${count(missing)} transactions), which lie before the target`,
      cure: 'choose a target before them, or a backup that was taken after them',
    };
  const transactions = count(subtract(subtract(target, held), without));
  return {
    act: 'restore',
    target: print(target),
    way: { kind: 'backup', base, transactions },
    because: `backup ${base.id} (${base.endedAt}) and ${transactions} archived transactions lead to it`,
  };
}

const printed = (set: GtidSet): string => print(set).replaceAll('\n', '');

const isUsable = ({ kind }: BackupManifest, verified: KnownBackup['verified']): boolean =>
  kind === 'logical' && verified?.verdict !== 'failed';

/**
 * What a backup holds beyond the target does no harm where it was never archived (a gap, an errant transaction of the replica that was copied)
 * and the backup had ended before the target.
 */
function liesBefore(
  { gtidExecuted, endedAt }: BackupManifest,
  { target, lastAt }: RestorePoint,
  archived: GtidSet,
): boolean {
  const more = subtract(parseGtidSet(gtidExecuted), parseGtidSet(target));
  return isEmpty(more) || (isEmpty(intersect(more, archived)) && lastAt !== null && endedAt <= lastAt);
}

/** Every number up to the highest of each series, as far as it is known to exist. */
function missingUpTo(target: GtidSet, covered: GtidSet, known: string | null): GtidSet {
  const missing = subtract(hullOf(target), covered);
  return known === null ? missing : union(intersect(missing, parseGtidSet(known)), subtract(target, covered));
}

function noBase(wish: RestoreWish, { backups, point }: RestoreFacts): Refusal {
  const named = backups.find(({ manifest }) => manifest.id === wish.backup);
  if (wish.backup !== undefined && !named)
    return {
      act: 'refuse',
      because: `there is no backup ${wish.backup}`,
      cure: 'look at them: runbook backups CLUSTER',
    };
  const what = wish.backup === undefined ? 'no usable backup' : `backup ${wish.backup} is none`;
  return {
    act: 'refuse',
    because: `there is ${what} that lies before the target (${backups.length} in the store)${point.without === '' ? '' : `, and does not hold ${point.without}`}`,
    cure:
      backups.length === 0
        ? 'take one: runbook start backUp'
        : 'choose a later target, or an older backup that is still kept: runbook backups CLUSTER',
  };
}
