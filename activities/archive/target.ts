import { type ArchivedFile, gtidsOf } from '../../workflows/decisions/archive/coverage';
import { membership } from '../../workflows/decisions/archive/membership';
import { type RestorePoint, type RestoreWish } from '../../workflows/decisions/archive/restore';
import { type GtidSet, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { RunbookError } from '../errors';
import { momentsIn } from './binlog/transactions';
import { type Shelf } from './shelf';

/**
 * What a wish comes to, as a set of GTIDs: the archive in the order of its commits, up to a transaction or a moment. `before`: what lies before the
 * archive. Opens the one file in which the target lies. Throws INVALID_INPUT, what the store throws.
 */
export async function resolvePoint(
  shelf: Shelf,
  files: readonly ArchivedFile[],
  before: GtidSet,
  wish: RestoreWish,
): Promise<RestorePoint> {
  const all = union(before, gtidsOf(files));
  if (wish.without !== undefined) {
    const without = parseGtidSet(wish.without);
    const unknown = subtract(without, gtidsOf(files));
    if (unknown.sources.length > 0) throw notArchived(print(unknown));
    return { target: print(all), without: print(without), because: `all that is archived but ${print(without)}` };
  }
  if (wish.gtids !== undefined)
    return { target: print(parseGtidSet(wish.gtids)), without: '', because: `the set ${wish.gtids}` };
  if (wish.at !== undefined) return atMoment(shelf, files, before, wish.at);
  return atTransaction(shelf, files, before, wish);
}

const ordered = (files: readonly ArchivedFile[]): ArchivedFile[] =>
  [...files].sort((a, b) => (a.closedAt < b.closedAt ? -1 : Number(a.closedAt > b.closedAt)));

async function atMoment(
  shelf: Shelf,
  files: readonly ArchivedFile[],
  before: GtidSet,
  at: string,
): Promise<RestorePoint> {
  const limit = Date.parse(at);
  let target = before;
  let last: string | null = null;
  for (const file of ordered(files)) {
    if (Date.parse(file.lastAt) < limit) {
      target = union(target, parseGtidSet(file.gtids));
      continue;
    }
    const taken: string[] = [];
    for await (const { gtid, ms } of momentsIn(await shelf.open(file))) {
      // Nothing behind the first commit past the moment: what came later may have seen it.
      if (ms >= limit) break;
      taken.push(gtid);
      last = `${gtid} of ${new Date(ms).toISOString()}`;
    }
    target = union(target, parseGtidSet(taken.join(',')));
    break;
  }
  return {
    target: print(target),
    without: '',
    because: `the last commit before ${at}${last === null ? '' : `: ${last}`}`,
  };
}

async function atTransaction(
  shelf: Shelf,
  files: readonly ArchivedFile[],
  before: GtidSet,
  { to, before: until }: RestoreWish,
): Promise<RestorePoint> {
  const wanted = (to ?? until ?? '').toLowerCase();
  let target = before;
  for (const file of ordered(files)) {
    if (!membership(parseGtidSet(file.gtids))(wanted)) {
      target = union(target, parseGtidSet(file.gtids));
      continue;
    }
    const taken: string[] = [];
    for await (const { gtid, ms } of momentsIn(await shelf.open(file))) {
      if (gtid === wanted && to === undefined)
        return point(target, taken, `just before ${wanted} of ${new Date(ms).toISOString()}`);
      taken.push(gtid);
      if (gtid === wanted) return point(target, taken, `${wanted} of ${new Date(ms).toISOString()}`);
    }
  }
  throw notArchived(wanted);
}

const point = (target: GtidSet, taken: readonly string[], because: string): RestorePoint => ({
  target: print(union(target, parseGtidSet(taken.join(',')))),
  without: '',
  because,
});

const notArchived = (gtid: string): RunbookError =>
  new RunbookError({
    code: 'INVALID_INPUT',
    message: `${gtid} is not in the archive`,
    hint: 'Find it with runbook archive find CLUSTER --table schema.table.',
  });
