import { type GtidSet, type GtidSource, parseGtidSet, union } from '../../../workflows/decisions/gtid-set';
import { crc32 } from './crc32';
import { CHECKSUM_BYTES, EVENT, HEADER_BYTES } from './event';
import { cursorAt, safe, take, unsigned, uuid, variable } from './numbers';

/** Since 8.3 a set that has tags says so in the count's highest byte, and each member has its tag. */
const TAGGED = 1;

/** The set that stands at the beginning of a file: all that was in files before it. Throws RangeError. */
export function readPreviousGtids(body: Buffer): GtidSet {
  const tagged = body.readUInt8(7) === TAGGED;
  const cursor = cursorAt(body, tagged ? 1 : 0);
  const members = unsigned(cursor, tagged ? 6 : 8);
  cursor.at = 8;
  let set: GtidSet = parseGtidSet('');
  for (let i = 0; i < members; i += 1) {
    const of = uuid(take(cursor, 16));
    const tag = tagged ? take(cursor, safe(variable(cursor))).toString('latin1') : '';
    const intervals: string[] = [];
    for (let left = unsigned(cursor, 8); left > 0; left -= 1)
      intervals.push(`${unsigned(cursor, 8)}-${unsigned(cursor, 8) - 1}`);
    if (intervals.length > 0) set = union(set, parseGtidSet([of, ...(tag ? [tag] : []), ...intervals].join(':')));
  }
  return set;
}

/** The same as a server writes it, for a request or a file. */
export function writeGtidSet({ sources }: GtidSet): Buffer {
  const tagged = sources.some(({ tag }) => tag !== '');
  const count = Buffer.alloc(8);
  if (tagged) {
    count.writeUInt8(TAGGED, 0);
    count.writeUIntLE(sources.length, 1, 6);
    count.writeUInt8(TAGGED, 7);
  } else count.writeUIntLE(sources.length, 0, 6);
  return Buffer.concat([count, ...sources.map((source) => writeMember(source, tagged))]);
}

function writeMember({ uuid: of, tag, intervals }: GtidSource, tagged: boolean): Buffer {
  const name = Buffer.from(tag, 'latin1');
  const numbers = Buffer.alloc(8 + 8 * intervals.length);
  numbers.writeBigUInt64LE(BigInt(intervals.length / 2), 0);
  // Both have first numbers and first numbers behind.
  Array.from(intervals).forEach((bound, i) => numbers.writeBigUInt64LE(BigInt(bound), 8 + 8 * i));
  // A tag has at most 32 characters, so its length is a variable-length number of one byte.
  const tagBytes = tagged ? [Buffer.from([name.length << 1]), name] : [];
  return Buffer.concat([Buffer.from(of.replaceAll('-', ''), 'hex'), ...tagBytes, numbers]);
}

/** A whole event for the beginning of a file of ours that stands at `offset`. */
export function previousGtidsEvent(set: GtidSet, offset: number, checksums: boolean): Buffer {
  const body = writeGtidSet(set);
  const event = Buffer.alloc(HEADER_BYTES + body.length + (checksums ? CHECKSUM_BYTES : 0));
  event.writeUInt8(EVENT.previousGtids, 4);
  event.writeUInt32LE(event.length, 9);
  event.writeUInt32LE(offset + event.length, 13);
  event.writeUInt16LE(0x80, 17); // a server that does not know the kind may pass it over
  body.copy(event, HEADER_BYTES);
  if (checksums) event.writeUInt32LE(crc32(event.subarray(0, -CHECKSUM_BYTES)), event.length - CHECKSUM_BYTES);
  return event;
}
