import { type ArchivedFile, gtidsOf, inOrder } from '../../workflows/decisions/archive/coverage';
import { membership } from '../../workflows/decisions/archive/membership';
import { type RestorePoint, type RestoreWish } from '../../workflows/decisions/archive/restore';
import { upToTransaction, withAllBelow } from '../../workflows/decisions/archive/target';
import { type GtidSet, parseGtidSet, print, subtract, union } from '../../workflows/decisions/gtid-set';
import { RunbookError } from '../errors';
import { type Moment, momentsIn } from './binlog/transactions';
import { type Shelf } from './shelf';

export interface ArchiveSeen {
  readonly cluster: string;
  readonly files: readonly ArchivedFile[];
  /** What lies before the archive. */
  readonly before: GtidSet;
  /** ISO 8601: when it began; null = never. */
  readonly begunAt: string | null;
}

/**
 * What a wish comes to, as a set of GTIDs: the archive in the order of its commits, up to a transaction or a moment. Opens the file in which the
 * target lies, and its neighbours. Throws INVALID_INPUT, what the store throws.
 */
export async function resolvePoint(shelf: Shelf, seen: ArchiveSeen, wish: RestoreWish): Promise<RestorePoint> {
  const files = inOrder(seen.files);
  const at = { ...seen, files, archived: gtidsOf(files) };
  if (wish.without !== undefined) return allBut(at, wish.without);
  if (wish.gtids !== undefined) {
    const because = `the set ${wish.gtids}`;
    return { target: print(parseGtidSet(wish.gtids)), without: '', because, lastAt: null, next: null };
  }
  if (wish.at !== undefined) return atMoment(shelf, at, wish.at);
  return atTransaction(shelf, at, (wish.to ?? wish.before ?? '').toLowerCase(), wish.to !== undefined);
}

type Archive = ArchiveSeen & { readonly archived: GtidSet };

function allBut({ cluster, files, before, archived }: Archive, written: string): RestorePoint {
  const without = parseGtidSet(written);
  const unknown = subtract(without, archived);
  if (unknown.sources.length > 0) throw notArchived(cluster, print(unknown));
  const lastAt = files.at(-1)?.lastAt ?? null;
  const because = `all that is archived, up to ${lastAt ?? ''}, but ${print(without)}`;
  return { target: print(union(before, archived)), without: print(without), because, lastAt, next: null };
}

async function atMoment(shelf: Shelf, archive: Archive, at: string): Promise<RestorePoint> {
  const { cluster, files, before, archived, begunAt } = archive;
  const limit = Date.parse(at);
  const beginsMs = Math.min(Date.parse(begunAt ?? at), Date.parse(files[0]?.firstAt ?? at));
  if (limit > Date.now()) throw wrong(`${at} is still to come`, 'Name a moment of the past.');
  if (begunAt === null && files.length === 0)
    throw wrong(`nothing of ${cluster} is archived`, `runbook archive start ${cluster}`);
  if (limit <= beginsMs)
    throw wrong(
      `the archive of ${cluster} begins at ${iso(beginsMs)}, and knows nothing of ${at}`,
      `Choose a later moment, or take a backup of that time as it is: {"gtids": "…"} as \`runbook backups ${cluster}\` shows them.`,
    );
  let target = before;
  let last: Moment | null = null;
  let next: Moment | null = null;
  for (const [index, file] of files.entries()) {
    if (Date.parse(file.lastAt) < limit) {
      target = union(target, parseGtidSet(file.gtids));
      continue;
    }
    const taken: string[] = [];
    for await (const moment of momentsIn(await shelf.open(file))) {
      // Nothing behind the first commit past the moment: what came later may have seen it.
      if (moment.ms >= limit) {
        next = moment;
        break;
      }
      taken.push(moment.gtid);
      last = moment;
    }
    target = union(target, parseGtidSet(taken.join(',')));
    last ??= await lastIn(shelf, files[index - 1]);
    break;
  }
  if (next === null) last = await lastIn(shelf, files.at(-1));
  return pointOf(withAllBelow(target, archived), last, next, `the last commit before ${at}`);
}

async function atTransaction(shelf: Shelf, archive: Archive, wanted: string, withIt: boolean): Promise<RestorePoint> {
  const { cluster, files, before, archived } = archive;
  let target = before;
  for (const [index, file] of files.entries()) {
    if (!membership(parseGtidSet(file.gtids))(wanted)) {
      target = union(target, parseGtidSet(file.gtids));
      continue;
    }
    const taken: string[] = [];
    let last: Moment | null = null;
    let found = null as Moment | null;
    for await (const moment of momentsIn(await shelf.open(file))) {
      const beforeIt = last;
      if (found) return point(found, moment);
      taken.push(moment.gtid);
      last = moment;
      if (moment.gtid !== wanted) continue;
      found = moment;
      if (!withIt) return point(beforeIt ?? (await lastIn(shelf, files[index - 1])), found);
    }
    if (found) return point(found, await firstIn(shelf, files[index + 1]));

    function point(lastOne: Moment | null, next: Moment | null): RestorePoint {
      const inFile = union(target, parseGtidSet(taken.join(',')));
      const all = upToTransaction(inFile, archived, wanted, withIt);
      return pointOf(all, lastOne, next, withIt ? 'with the transaction that was named' : `just before ${wanted}`);
    }
  }
  throw notArchived(cluster, wanted);
}

async function firstIn(shelf: Shelf, file: ArchivedFile | undefined): Promise<Moment | null> {
  if (!file) return null;
  for await (const moment of momentsIn(await shelf.open(file))) return moment;
  return null;
}

async function lastIn(shelf: Shelf, file: ArchivedFile | undefined): Promise<Moment | null> {
  let last: Moment | null = null;
  if (file) for await (const moment of momentsIn(await shelf.open(file))) last = moment;
  return last;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const words = ({ gtid, ms }: Moment): string => `${gtid} of ${iso(ms)}`;

const pointOf = (target: GtidSet, last: Moment | null, next: Moment | null, what: string): RestorePoint => ({
  target: print(target),
  without: '',
  because: `${last ? words(last) : 'the beginning of the archive'}, ${what}${next ? `; the next is ${words(next)}` : '; nothing behind it is archived'}`,
  lastAt: last && iso(last.ms),
  next: next && { gtid: next.gtid, at: iso(next.ms) },
});

const wrong = (message: string, hint: string): RunbookError =>
  new RunbookError({ code: 'INVALID_INPUT', message, hint });

const notArchived = (cluster: string, gtids: string): RunbookError =>
  wrong(
    `${gtids} is not in the archive of ${cluster}`,
    `Find the transaction: runbook archive find ${cluster} --table schema.table; a young one is there when its file closes: runbook archive status ${cluster}.`,
  );
