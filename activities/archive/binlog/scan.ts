import { type GtidSet } from '../../../workflows/decisions/gtid-set';
import { opensTransaction, placeAfter, type Place } from './boundaries';
import { collector } from './collector';
import { EVENT, MAGIC } from './event';
import { type Format } from './format';
import { readGtid } from './gtid';
import { walkEvents } from './walk';

/** What whole transactions a file holds. */
export interface Contents {
  readonly format: Format | null;
  readonly gtids: GtidSet;
  readonly transactions: number;
  /** Transactions without a GTID: a server without gtid_mode wrote them, and no set can name them. */
  readonly anonymous: number;
  /** Milliseconds since 1970, by the clock of whoever made them; null: none, or made before 8.0. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** Bytes from the beginning up to behind the last whole transaction. */
  readonly wholeBytes: number;
  /** Why not all bytes are whole transactions; null when they are. */
  readonly torn: string | null;
}

/** Read a binary log file through, checksums included. Never throws for what stands in it. */
export async function scanFile(chunks: AsyncIterable<Buffer>): Promise<Contents> {
  const gtids = collector();
  let [transactions, anonymous, wholeBytes] = [0, 0, 0];
  let [firstMs, lastMs] = [null as number | null, null as number | null];
  let format: Format | null = null;
  let place: Place = 'between';
  let open = null as (ReturnType<typeof readGtid> & { readonly secondMs: number }) | 'anonymous' | null;
  const walk = walkEvents(chunks);
  for (;;) {
    const next = await walk.next();
    if (next.done) {
      const { at, torn } = next.value;
      const because = torn ?? (place === 'between' ? null : 'its last transaction has no end');
      const whole = because === null ? at : Math.max(wholeBytes, Math.min(at, MAGIC.length));
      return { format, gtids: gtids.set(), transactions, anonymous, firstMs, lastMs, wholeBytes: whole, torn: because };
    }
    const event = next.value;
    format = event.format;
    try {
      if (opensTransaction(event)) {
        open =
          event.header.type === EVENT.anonymousGtid
            ? 'anonymous'
            : { ...readGtid(event), secondMs: event.header.timestamp * 1000 };
      }
      place = placeAfter(place, event);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const torn = `an event is garbled: ${error.message}`;
      return { format, gtids: gtids.set(), transactions, anonymous, firstMs, lastMs, wholeBytes, torn };
    }
    if (place !== 'between') continue;
    if (open === 'anonymous') anonymous += 1;
    else if (open) {
      gtids.add(open);
      transactions += 1;
      const ms = open.committedMicros === null ? open.secondMs : Math.floor(open.committedMicros / 1000);
      firstMs = Math.min(firstMs ?? ms, ms);
      lastMs = Math.max(lastMs ?? ms, ms);
    }
    open = null;
    wholeBytes = event.offset + event.header.bytes;
  }
}
