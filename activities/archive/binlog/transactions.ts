import { opensTransaction, placeAfter, type Place } from './boundaries';
import { gtidText } from './gtid';
import { openedBy } from './tally';
import { type Walked, walkEvents } from './walk';

/** One transaction's place in time. */
export interface Moment {
  readonly gtid: string;
  /** Milliseconds since 1970 of its commit, by the clock of the server where it was made. */
  readonly ms: number;
}

/** The whole transactions of a file in the order of their commits. Those without a GTID are passed over. */
export async function* momentsIn(chunks: AsyncIterable<Buffer>): AsyncGenerator<Moment> {
  let place: Place = 'between';
  let open: Moment | null = null;
  for await (const event of walkEvents(chunks)) {
    if (opensTransaction(event)) {
      const { gtid, ms } = openedBy(event);
      open = gtid && { gtid: gtidText(gtid), ms };
    }
    place = placeAfter(place, event);
    if (place !== 'between' || !open) continue;
    yield open;
    open = null;
  }
}

/** What stays of a file when only some of its transactions are wanted. */
export interface Cut {
  readonly event: Walked;
  /** It belongs to a transaction that is wanted, or to the file itself. */
  readonly kept: boolean;
}

/** Every event of a file, told whether it stays. Throws `torn` where the file is not whole: what is applied must be all of it. */
export async function* cutTo(
  chunks: AsyncIterable<Buffer>,
  wanted: (gtid: string) => boolean,
  torn: (because: string) => Error,
): AsyncGenerator<Cut> {
  let place: Place = 'between';
  let inside = true;
  const walk = walkEvents(chunks);
  for (;;) {
    const next = await walk.next();
    if (next.done) {
      if (next.value.torn !== null) throw torn(next.value.torn);
      return;
    }
    const event = next.value;
    if (opensTransaction(event)) {
      const { gtid } = openedBy(event);
      inside = gtid !== null && wanted(gtidText(gtid));
    }
    place = placeAfter(place, event);
    yield { event, kept: inside };
    if (place === 'between') inside = true;
  }
}
