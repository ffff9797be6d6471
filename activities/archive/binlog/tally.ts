import { type GtidSet } from '../../../workflows/decisions/gtid-set';
import { opensTransaction, placeAfter, type Place } from './boundaries';
import { collector } from './collector';
import { type BinlogEvent, EVENT } from './event';
import { type GtidEvent, readGtid } from './gtid';

/** Whole transactions, counted. */
export interface Counted {
  readonly gtids: GtidSet;
  readonly transactions: number;
  /** Transactions without a GTID: a server without gtid_mode wrote them, and no set can name them. */
  readonly anonymous: number;
  /** Milliseconds since 1970 of their commits, by the clocks of the servers where they were made; null: there are none. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

/** Follows a stream of events from one whole transaction to the next. */
export interface Tally {
  /** Returns true behind the last event of a transaction, and behind events between two. Throws RangeError for garbled bytes. */
  readonly add: (event: BinlogEvent) => boolean;
  readonly between: () => boolean;
  readonly counted: () => Counted;
}

export function openTally(): Tally {
  const gtids = collector();
  let [transactions, anonymous] = [0, 0];
  let [firstMs, lastMs] = [null as number | null, null as number | null];
  let place: Place = 'between';
  let open = null as { readonly gtid: GtidEvent | null; readonly ms: number } | null;
  const count = ({ gtid, ms }: NonNullable<typeof open>) => {
    if (gtid === null) anonymous += 1;
    else {
      gtids.add(gtid);
      transactions += 1;
    }
    firstMs = Math.min(firstMs ?? ms, ms);
    lastMs = Math.max(lastMs ?? ms, ms);
  };
  return {
    add(event) {
      if (opensTransaction(event)) open = openedBy(event);
      place = placeAfter(place, event);
      if (place !== 'between') return false;
      if (open) count(open);
      open = null;
      return true;
    },
    between: () => place === 'between',
    counted: () => ({ gtids: gtids.set(), transactions, anonymous, firstMs, lastMs }),
  };
}

/** Which transaction begins; null of one without a GTID. `ms`: of its commit, by the clock of the server where it was made. */
export function openedBy(event: BinlogEvent): { readonly gtid: GtidEvent | null; readonly ms: number } {
  const gtid = event.header.type === EVENT.anonymousGtid ? null : readGtid(event);
  const micros = gtid?.committedMicros ?? null;
  return { gtid, ms: micros === null ? event.header.timestamp * 1000 : Math.floor(micros / 1000) };
}
