import { crc32 } from './crc32';
import { CHECKSUM_BYTES, EVENT, HEADER_BYTES, IN_USE_FLAG, MAGIC, readHeader, type BinlogEvent } from './event';
import { readFormat, type Format } from './format';

/** Where a file's whole events end, and why nothing is read behind. */
export interface Ending {
  /** Bytes from the beginning that are whole. */
  readonly at: number;
  /** Null: it ends with a whole event. */
  readonly torn: string | null;
}

export interface Walked extends BinlogEvent {
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly format: Format;
}

/** The server's own limit: max_allowed_packet at its greatest, and a header. */
const MOST_EVENT_BYTES = 2 ** 30 + 65_536;

/**
 * The events of one binary log file, in order, each with its checksum checked. Ends without an error where the file is torn (cut off,
 * or its bytes changed) and returns where and why: what came before is whole.
 */
export async function* walkEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<Walked, Ending> {
  const reader = readerOf(chunks);
  const magic = await reader.peek(MAGIC.length);
  if (!magic) return { at: 0, torn: 'it is shorter than the mark of a binary log' };
  if (!magic.equals(MAGIC)) return { at: 0, torn: 'it does not begin with the mark of a binary log' };
  reader.skip(MAGIC.length);

  let format: Format | null = null;
  for (let offset = MAGIC.length; ;) {
    const head = await reader.peek(HEADER_BYTES);
    if (!head) return { at: offset, torn: reader.left() === 0 ? null : 'the header of its last event is cut off' };
    const { bytes, type } = readHeader(head);
    if (bytes < HEADER_BYTES || bytes > MOST_EVENT_BYTES)
      return { at: offset, torn: 'the length of an event is absurd' };
    if (format === null && type !== EVENT.format) return { at: offset, torn: 'it does not say its format first' };
    const raw = await reader.peek(bytes);
    if (!raw) return { at: offset, torn: 'its last event is cut off' };
    const checked = checkEvent(raw, format);
    if (checked === null) return { at: offset, torn: 'an event does not fit its checksum' };
    format = checked.format;
    yield { ...checked, offset };
    reader.skip(bytes);
    offset += bytes;
  }
}

/** One event with its parts, or null where its checksum says that bytes were changed. `format`: of the stream so far. */
export function checkEvent(raw: Buffer, format: Format | null): (BinlogEvent & { readonly format: Format }) | null {
  const header = readHeader(raw);
  const own = header.type === EVENT.format;
  if (own && raw.length < HEADER_BYTES + 60) return null;
  const now = own || format === null ? readFormat(raw) : format;
  const checksummed = own || now.checksums;
  const end = checksummed ? raw.length - CHECKSUM_BYTES : raw.length;
  if (end < HEADER_BYTES) return null;
  if (checksummed && crc32(asSealed(raw, own).subarray(0, end)) !== raw.readUInt32LE(end)) return null;
  return { header, raw, body: raw.subarray(HEADER_BYTES, end), format: now };
}

/** As it was when its checksum was made. */
function asSealed(raw: Buffer, isFormat: boolean): Buffer {
  const flags = raw.readUInt16LE(17);
  if (!isFormat || (flags & IN_USE_FLAG) === 0) return raw;
  const copy = Buffer.from(raw);
  copy.writeUInt16LE(flags & ~IN_USE_FLAG, 17);
  return copy;
}

interface Reader {
  /** The next bytes without taking them; null when there are not so many. What is given is good until the next call. */
  peek(bytes: number): Promise<Buffer | null>;
  skip(bytes: number): void;
  left(): number;
}

function readerOf(chunks: AsyncIterable<Buffer>): Reader {
  const source = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  return {
    async peek(bytes) {
      if (held.length < bytes) {
        const parts = [held];
        let length = held.length;
        while (length < bytes) {
          const next = await source.next();
          if (next.done) break;
          parts.push(next.value);
          length += next.value.length;
        }
        held = Buffer.concat(parts, length);
      }
      return held.length < bytes ? null : held.subarray(0, bytes);
    },
    skip: (bytes) => void (held = held.subarray(bytes)),
    left: () => held.length,
  };
}
