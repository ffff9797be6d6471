import { EVENT, type BinlogEvent } from './event';
import { readQuery } from './query';

/** Where a stream of events stands: between transactions, behind a GTID, or inside `BEGIN … COMMIT`. */
export type Place = 'between' | 'opened' | 'inside';

const isGtid = (type: number): boolean =>
  type === EVENT.gtid || type === EVENT.taggedGtid || type === EVENT.anonymousGtid;

export const opensTransaction = ({ header }: BinlogEvent): boolean => isGtid(header.type);

/**
 * Where the stream stands behind this event; `between` after an event of a transaction: it was its last. A statement that stands alone
 * (DDL, XA COMMIT) is a transaction by itself, as is a packed one. Source: MySQL source, rpl_trx_boundary_parser.cc.
 */
export function placeAfter(place: Place, event: BinlogEvent): Place {
  const { type } = event.header;
  if (isGtid(type)) return 'opened';
  if (place === 'between') return 'between';
  switch (type) {
    case EVENT.xid:
    case EVENT.xaPrepare:
    case EVENT.payload:
    case EVENT.incident:
      return 'between';
    case EVENT.query:
      return behindStatement(place, readQuery(event.body).text);
    default:
      return place;
  }
}

function behindStatement(place: Place, text: string): Place {
  if (/^BEGIN\b|^XA START\b/i.test(text)) return 'inside';
  if (place === 'opened') return 'between';
  // ROLLBACK TO is a savepoint's, and the transaction goes on.
  return /^(COMMIT|ROLLBACK(?!\s+TO\b))/i.test(text) ? 'between' : 'inside';
}
