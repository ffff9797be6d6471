import { countText } from './gtid-set';

/** What the copy of a server's extra transactions says of them. Written by activities/rejoin/changes.ts. */
export interface CopiedChanges {
  readonly transactions: number;
  readonly rows: readonly RowChanges[];
  /** Events that are not plain rows: DDL, statements, XA … by the names that mysqlbinlog prints, each once. */
  readonly others: readonly string[];
}

export interface RowChanges {
  readonly verb: 'INSERT' | 'UPDATE' | 'DELETE';
  /** `schema.table`, without quotes. */
  readonly table: string;
  readonly rows: number;
}

/** What the primary did that the returning server has not seen. */
export interface Since {
  /** So many transactions it should be. */
  readonly wanted: number;
  readonly changes: CopiedChanges;
}

export interface ReplayVerdict {
  readonly possible: boolean;
  readonly because: string;
}

/**
 * May the primary take these transactions over? Only where each merely adds rows. The applier finds the row of an UPDATE or DELETE by its
 * primary key and does not compare the rest (seen on 9.7.4: a newer, acknowledged value was overwritten without an error), so
 * what clients have written since would be lost silently. An INSERT that is in the way of another row is an error, and stops.
 * And only where all that the primary did since are rows too: a TRUNCATE takes away on the returning server what it will keep on the primary
 * (seen: both replicate on, and no error tells). Our own heartbeat is exempt: each server writes only the row of its own uuid.
 * Source: MySQL manual, "Replication and Row Searches" (row identification by primary key), docs/adr/0008.
 */
export function judgeReplay(extra: string, changes: CopiedChanges, schema: string, since: Since): ReplayVerdict {
  const no = (because: string): ReplayVerdict => ({ possible: false, because });
  const wanted = countText(extra);
  if (changes.transactions !== wanted)
    return no(
      `the copy holds ${changes.transactions} of ${wanted} transactions: the binary logs of the others are not there any more`,
    );
  if (changes.others.length > 0)
    return no(
      `they are not only rows (${changes.others.join(', ')}): what they do cannot be judged, nor stopped half way`,
    );
  const overwriting = changes.rows.filter(({ verb, table }) => verb !== 'INSERT' && table !== `${schema}.heartbeat`);
  if (overwriting.length > 0)
    return no(
      `they change or delete rows (${overwriting.map(tellRows).join(', ')}), and a server would overwrite what clients have written there since without noticing`,
    );
  if (since.changes.transactions !== since.wanted)
    return no(
      'the primary has purged binary logs of what it did since the two parted: nothing tells whether both would end alike',
    );
  const doubtful = since.changes.others.filter((other) => !LEAVES_ROWS_ALONE.test(other));
  if (doubtful.length > 0)
    return no(
      `the primary has executed more than rows since the two parted (${doubtful.join(', ')}): it would do something else to these rows on the returning server, where they come first`,
    );
  return {
    possible: true,
    because: `they only add rows (${tellChanges(changes)}): whatever is in their way is an error and stops them`,
  };
}

/** Statements that take or change no row that is there already. Opening a primary enables its events. */
const LEAVES_ROWS_ALONE =
  /^statement (CREATE|GRANT|REVOKE|FLUSH|ANALYZE|(ALTER|DROP|RENAME) (EVENT|USER|ROLE)|SET (PASSWORD|DEFAULT))\b|^statement ALTER DEFINER=\S+$/;

export const tellChanges = ({ rows }: CopiedChanges): string => rows.map(tellRows).join(', ') || 'no row';

const tellRows = ({ verb, table, rows }: RowChanges): string => `${rows} × ${verb} ${table}`;
