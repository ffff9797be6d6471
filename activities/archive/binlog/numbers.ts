/** A place in a body, read from there on. Throws RangeError behind the end. */
export interface Cursor {
  at: number;
  readonly bytes: Buffer;
}

export const cursorAt = (bytes: Buffer, at = 0): Cursor => ({ bytes, at });

/** Little-endian, 1 to 8 bytes. Exact up to 2^53 - 1; a greater one throws RangeError. */
export function unsigned(cursor: Cursor, length: number): number {
  const { bytes, at } = cursor;
  cursor.at += length;
  if (length <= 6) return length === 0 ? 0 : bytes.readUIntLE(at, length);
  let whole = 0n;
  for (let i = length - 1; i >= 0; i -= 1) whole = (whole << 8n) | BigInt(bytes.readUInt8(at + i));
  return safe(whole);
}

/** The length-encoded number of the client protocol. */
export function packed(cursor: Cursor): number {
  const first = unsigned(cursor, 1);
  if (first < 251) return first;
  if (first === 252) return unsigned(cursor, 2);
  if (first === 253) return unsigned(cursor, 3);
  if (first === 254) return unsigned(cursor, 8);
  throw new RangeError('not a length');
}

/**
 * The number of the server's serialization library: as many bytes follow the first as it has ones at its lower end.
 * Source: MySQL source, libs/mysql/serialization/variable_length_integers.h.
 */
export function variable(cursor: Cursor): bigint {
  const first = cursor.bytes.readUInt8(cursor.at);
  let more = 0;
  while (more < 8 && (first >> more) & 1) more += 1;
  let whole = 0n;
  for (let i = more; i >= 0; i -= 1) whole = (whole << 8n) | BigInt(cursor.bytes.readUInt8(cursor.at + i));
  cursor.at += more + 1;
  return whole >> BigInt(more + 1 > 8 ? 8 : more + 1);
}

/** Of a signed number: its sign is the lowest bit. */
export function signedVariable(cursor: Cursor): number {
  const value = variable(cursor);
  return safe(value & 1n ? -(value >> 1n) - 1n : value >> 1n);
}

export function take(cursor: Cursor, length: number): Buffer {
  if (cursor.at + length > cursor.bytes.length) throw new RangeError('behind the end');
  cursor.at += length;
  return cursor.bytes.subarray(cursor.at - length, cursor.at);
}

export function uuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError('a number beyond 2^53');
  return number;
}
