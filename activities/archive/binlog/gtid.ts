import { EVENT, type BinlogEvent } from './event';
import { cursorAt, safe, signedVariable, take, unsigned, uuid, variable, type Cursor } from './numbers';

/** What opens a transaction. */
export interface GtidEvent {
  readonly uuid: string;
  /** '' without one. */
  readonly tag: string;
  readonly number: number;
  /** Microseconds since 1970 of its commit where it was made; null before 8.0.1. */
  readonly committedMicros: number | null;
  /** Of all its events with this one; null before 8.0.2. */
  readonly bytes: number | null;
}

/** As the server prints one transaction. */
export const gtidText = ({ uuid: of, tag, number }: Pick<GtidEvent, 'uuid' | 'tag' | 'number'>): string =>
  `${of}${tag === '' ? '' : `:${tag}`}:${number}`;

/** Read a gtid event of either form. Throws RangeError for garbled bytes. Source: MySQL source, Gtid_event, control_events.h. */
export function readGtid({ header, body }: BinlogEvent): GtidEvent {
  return header.type === EVENT.taggedGtid ? readTagged(body) : readPlain(body);
}

const ORIGINAL_FOLLOWS = 1n << 55n;

function readPlain(body: Buffer): GtidEvent {
  const cursor = cursorAt(body, 1);
  const gtid = { uuid: uuid(take(cursor, 16)), tag: '', number: unsigned(cursor, 8) };
  // 5.6 has no logical clock, 5.7 nothing behind it.
  const logicalClock = cursor.at < body.length && unsigned(cursor, 1) === 2;
  if (logicalClock) take(cursor, 16);
  if (!logicalClock || body.length - cursor.at < 7) return { ...gtid, committedMicros: null, bytes: null };
  const immediate = micros(cursor);
  const committed = immediate & ORIGINAL_FOLLOWS ? micros(cursor) : immediate;
  return {
    ...gtid,
    committedMicros: Number(committed & (ORIGINAL_FOLLOWS - 1n)),
    bytes: cursor.at < body.length ? packedLength(cursor) : null,
  };
}

/** 55 bits and a flag. */
function micros(cursor: Cursor): bigint {
  const low = BigInt(unsigned(cursor, 4));
  return low | (BigInt(unsigned(cursor, 3)) << 32n);
}

function packedLength(cursor: Cursor): number {
  const first = unsigned(cursor, 1);
  return first < 251 ? first : unsigned(cursor, first === 252 ? 2 : first === 253 ? 3 : 8);
}

/** Fields of the serialized form, in their order. Each is its number and its value; the ones that may be left out come last. */
const FIELD = {
  flags: 0,
  uuid: 1,
  number: 2,
  tag: 3,
  lastCommitted: 4,
  sequence: 5,
  immediate: 6,
  original: 7,
  bytes: 8,
};

function readTagged(body: Buffer): GtidEvent {
  const cursor = cursorAt(body);
  const version = variable(cursor);
  if (version !== 1n) throw new RangeError(`serialization ${version} of a GTID is not known`);
  variable(cursor); // its size
  variable(cursor); // the last field that may not be ignored
  const found = { uuid: '', tag: '', number: 0, immediate: null as number | null, original: null as number | null };
  let bytes: number | null = null;
  while (cursor.at < body.length) {
    const field = Number(variable(cursor));
    if (field === FIELD.flags) variable(cursor);
    else if (field === FIELD.uuid)
      found.uuid = uuid(Buffer.from(Array.from({ length: 16 }, () => Number(variable(cursor)))));
    else if (field === FIELD.number) found.number = signedVariable(cursor);
    else if (field === FIELD.tag) found.tag = take(cursor, safe(variable(cursor))).toString('latin1');
    else if (field === FIELD.lastCommitted || field === FIELD.sequence) signedVariable(cursor);
    else if (field === FIELD.immediate) found.immediate = safe(variable(cursor));
    else if (field === FIELD.original) found.original = safe(variable(cursor));
    else if (field === FIELD.bytes) bytes = safe(variable(cursor));
    else break; // of later releases, and of no use here
  }
  if (found.uuid === '' || found.number < 1) throw new RangeError('a GTID without its parts');
  const { immediate, original, ...gtid } = found;
  return { ...gtid, committedMicros: original ?? immediate, bytes };
}
