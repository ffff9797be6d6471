import { createHmac, timingSafeEqual } from 'node:crypto';

/** A shared key as it signs: the secret itself, out of base64. */
export interface SigningKey {
  readonly name: string;
  readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';
  readonly secret: Buffer;
}

export interface Signed {
  readonly message: Buffer;
  readonly mac: Buffer;
}

/** The signature record of an answer. */
export interface Tsig {
  readonly timeSigned: number;
  readonly fudge: number;
  readonly mac: Buffer;
  /** 0, or why the server did not accept ours: see TSIG_ERRORS. */
  readonly error: number;
  /** With BADTIME the server's own clock. */
  readonly other: Buffer;
  /** The answer as it was before it was signed. */
  readonly unsigned: Buffer;
}

export const TSIG_ERRORS = { BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const;

/** Clocks may differ by this much. The value that RFC 8945, section 10, recommends. */
const FUDGE_SECONDS = 300;

const TSIG = 250;
const ANY = 255;
const HEADER_BYTES = 12;
const ADDITIONAL_COUNT_AT = 10;

/** The message with a signature of `now` (seconds since 1970) as its last record. Source: RFC 8945, sections 4.2 and 5.1. */
export function sign(message: Buffer, key: SigningKey, now: number): Signed {
  const variables = { timeSigned: now, fudge: FUDGE_SECONDS, error: 0, other: Buffer.alloc(0) };
  const mac = digest(key, [message, variablesOf(key, variables)]);
  const data = Buffer.concat([
    wireName(key.algorithm),
    moment(now),
    sixteen(FUDGE_SECONDS, mac.length),
    mac,
    // Original id, error, no other data.
    sixteen(message.readUInt16BE(0), 0, 0),
  ]);
  const record = Buffer.concat([wireName(key.name), sixteen(TSIG, ANY, 0, 0, data.length), data]);
  const signed = Buffer.concat([message, record]);
  signed.writeUInt16BE(message.readUInt16BE(ADDITIONAL_COUNT_AT) + 1, ADDITIONAL_COUNT_AT);
  return { message: signed, mac };
}

/** The signature of an answer, null when it has none. Throws RangeError for what is no DNS message. */
export function readTsig(answer: Buffer): Tsig | null {
  const last = lastRecordOf(answer);
  if (last === null || answer.readUInt16BE(last.type) !== TSIG) return null;
  // Behind the type: class, TTL (4), length; then algorithm, time (6), fudge, length of the MAC.
  let at = skipName(answer, last.type + 10);
  const timeSigned = answer.readUIntBE(at, 6);
  const fudge = answer.readUInt16BE(at + 6);
  const macEnd = at + 10 + answer.readUInt16BE(at + 8);
  const mac = answer.subarray(at + 10, macEnd);
  at = macEnd;
  const other = answer.subarray(at + 6, at + 6 + answer.readUInt16BE(at + 4));
  const unsigned = Buffer.from(answer.subarray(0, last.start));
  unsigned.writeUInt16BE(answer.readUInt16BE(at), 0);
  unsigned.writeUInt16BE(answer.readUInt16BE(ADDITIONAL_COUNT_AT) - 1, ADDITIONAL_COUNT_AT);
  return { timeSigned, fudge, mac, error: answer.readUInt16BE(at + 2), other, unsigned };
}

/** Did whoever holds the key give this answer to the request that has `requestMac`? Source: RFC 8945, section 5.3. */
export function isSignedBy(key: SigningKey, requestMac: Buffer, tsig: Tsig): boolean {
  const expected = digest(key, [sixteen(requestMac.length), requestMac, tsig.unsigned, variablesOf(key, tsig)]);
  return expected.length === tsig.mac.length && timingSafeEqual(expected, tsig.mac);
}

const digest = (key: SigningKey, parts: readonly Buffer[]): Buffer => {
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), key.secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
};

/** What is signed beside the message. Source: RFC 8945, section 4.3.3. */
const variablesOf = (
  key: SigningKey,
  { timeSigned, fudge, error, other }: Pick<Tsig, 'timeSigned' | 'fudge' | 'error' | 'other'>,
): Buffer =>
  Buffer.concat([
    wireName(key.name),
    sixteen(ANY, 0, 0),
    wireName(key.algorithm),
    moment(timeSigned),
    sixteen(fudge, error, other.length),
    other,
  ]);

/** Uncompressed and in small letters, as names are signed. */
const wireName = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .toLowerCase()
      .split('.')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);

const sixteen = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(2 * numbers.length);
  numbers.forEach((number, index) => bytes.writeUInt16BE(number, 2 * index));
  return bytes;
};

const moment = (seconds: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(seconds, 0, 6);
  return bytes;
};

/** Where the last record begins, and where its type stands. */
function lastRecordOf(message: Buffer): { start: number; type: number } | null {
  const count = (at: number) => message.readUInt16BE(at);
  let at = HEADER_BYTES;
  for (let left = count(4); left > 0; left -= 1) at = skipName(message, at) + 4;
  let last: { start: number; type: number } | null = null;
  for (let left = count(6) + count(8) + count(ADDITIONAL_COUNT_AT); left > 0; left -= 1) {
    const type = skipName(message, at);
    last = { start: at, type };
    at = type + 10 + message.readUInt16BE(type + 8);
  }
  return last;
}

/** A name ends with an empty label, or with a pointer to the rest of it. Source: RFC 1035, section 4.1.4. */
function skipName(message: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = message.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    if (length === 0) return at + 1;
    at += 1 + length;
  }
}
