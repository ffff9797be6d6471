import { count, emptyGtidSet, type GtidSet, isEmpty, parseGtidSet, print, subtract, union } from '../gtid-set';

/** One archived file of whole transactions, as the document beside it in the store says. GTID sets are the server's text. */
export interface ArchivedFile {
  readonly version: 1;
  readonly cluster: string;
  /** In the store. */
  readonly key: string;
  /** Whose binary log it was copied from. */
  readonly source: { readonly name: string; readonly uuid: string };
  readonly serverVersion: string;
  readonly gtids: string;
  readonly transactions: number;
  /** ISO 8601, of the first and last commit by the clocks of the servers where they were made. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** Of the file as mysqlbinlog reads it. */
  readonly bytes: number;
  /** As it is stored, packed and sealed. */
  readonly stored: { readonly bytes: number; readonly sha256: string };
  readonly closedAt: string;
}

/** Where an archive begins: transactions before it were never promised. */
export interface ArchiveBeginning {
  readonly version: 1;
  readonly cluster: string;
  /** All that was purged already. */
  readonly before: string;
  readonly at: string;
}

/** Transactions that no server had any more when the archive came to them. */
export interface Gap {
  readonly gtids: string;
  readonly noticedAt: string;
  /** Who had purged them. */
  readonly source: string;
}

export interface Coverage {
  readonly beginning: ArchiveBeginning | null;
  readonly files: readonly ArchivedFile[];
  readonly gaps: readonly Gap[];
}

export const gtidsOf = (files: readonly Pick<ArchivedFile, 'gtids'>[]): GtidSet =>
  files.reduce((sum, { gtids }) => union(sum, parseGtidSet(gtids)), emptyGtidSet);

/** What is archived, and what was never to be. */
export const haveOf = ({ beginning, files }: Coverage): GtidSet =>
  union(parseGtidSet(beginning?.before ?? ''), gtidsOf(files));

/** Gaps that still are ones: a source that came back may have closed them. */
export function openGaps(gaps: readonly Gap[], have: GtidSet): Gap[] {
  return gaps.flatMap((gap) => {
    const missing = subtract(parseGtidSet(gap.gtids), have);
    return isEmpty(missing) ? [] : [{ ...gap, gtids: print(missing) }];
  });
}

export interface Selection {
  /** In the order in which they are applied. */
  readonly files: readonly ArchivedFile[];
  /** Wanted, and in no file. */
  readonly missing: GtidSet;
}

/** The files that hold any of `wanted`, oldest first; one that holds nothing which those before it do not hold is left out. */
export function filesFor(files: readonly ArchivedFile[], wanted: GtidSet): Selection {
  let missing = wanted;
  const chosen = inOrder(files).filter(({ gtids }) => {
    const rest = subtract(missing, parseGtidSet(gtids));
    if (count(rest) === count(missing)) return false;
    missing = rest;
    return true;
  });
  return { files: chosen, missing };
}

/** As they were archived, the oldest first. */
export const inOrder = (files: readonly ArchivedFile[]): ArchivedFile[] =>
  [...files].sort((a, b) =>
    a.closedAt === b.closedAt ? compareText(a.key, b.key) : compareText(a.closedAt, b.closedAt),
  );

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
