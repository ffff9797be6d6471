import { MAGIC } from './event';
import { type Format } from './format';
import { type Counted, openTally } from './tally';
import { walkEvents } from './walk';

/** What whole transactions a file holds. */
export interface Contents extends Counted {
  readonly format: Format | null;
  /** Bytes from the beginning up to behind the last whole transaction. */
  readonly wholeBytes: number;
  /** Why not all bytes are whole transactions; null when they are. */
  readonly torn: string | null;
}

/** Read a binary log file through, checksums included. Never throws for what stands in it. */
export async function scanFile(chunks: AsyncIterable<Buffer>): Promise<Contents> {
  const tally = openTally();
  const walk = walkEvents(chunks);
  let [format, wholeBytes] = [null as Format | null, 0];
  for (;;) {
    const next = await walk.next();
    if (next.done) {
      const { at, torn } = next.value;
      const because = torn ?? (tally.between() ? null : 'its last transaction has no end');
      const whole = because === null ? at : Math.max(wholeBytes, Math.min(at, MAGIC.length));
      return { format, ...tally.counted(), wholeBytes: whole, torn: because };
    }
    const event = next.value;
    format = event.format;
    try {
      if (tally.add(event)) wholeBytes = event.offset + event.header.bytes;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { format, ...tally.counted(), wholeBytes, torn: `an event is garbled: ${error.message}` };
    }
  }
}
