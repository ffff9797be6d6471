import { spawn } from 'node:child_process';
import { HEADER_BYTES, readHeader, type BinlogEvent } from './event';
import { cursorAt, packed, take } from './numbers';

/** A whole transaction that was packed into one event. */
export interface Payload {
  readonly compression: 'zstd' | 'none';
  /** Of the events in it. */
  readonly bytes: number;
  readonly packed: Buffer;
}

const FIELD = { end: 0, payload: 1, compression: 2, bytes: 3 };
const [ZSTD, NONE] = [0, 255];

/** Read a packed transaction without unpacking it. Throws RangeError. Source: MySQL source, Transaction_payload_event, codecs. */
export function readPayload(body: Buffer): Payload {
  const cursor = cursorAt(body);
  let [kind, bytes] = [NONE, 0];
  for (;;) {
    const field = packed(cursor);
    if (field === FIELD.end) break;
    const value = take(cursor, packed(cursor));
    if (field === FIELD.compression) kind = packed(cursorAt(value));
    else if (field === FIELD.bytes) bytes = packed(cursorAt(value));
  }
  if (kind !== ZSTD && kind !== NONE) throw new RangeError(`compression ${kind} of a transaction is not known`);
  return { compression: kind === ZSTD ? 'zstd' : 'none', bytes, packed: body.subarray(cursor.at) };
}

/** The events of an unpacked transaction. They have no checksums of their own. */
export function* eventsWithin(unpacked: Buffer): Generator<BinlogEvent> {
  for (let at = 0; at + HEADER_BYTES <= unpacked.length;) {
    const header = readHeader(unpacked.subarray(at));
    if (header.bytes < HEADER_BYTES || at + header.bytes > unpacked.length) throw new RangeError('a torn transaction');
    const raw = unpacked.subarray(at, at + header.bytes);
    yield { header, raw, body: raw.subarray(HEADER_BYTES) };
    at += header.bytes;
  }
}

/**
 * Unpack transactions, one after the other, by the program `zstd`: Node has it only in later releases. Packed ones are whole frames,
 * and a row of frames unpacks to a row of contents, so one process serves a whole file. Rejects with ENOENT where it is not installed.
 */
export async function unpackAll(payloads: readonly Payload[]): Promise<Buffer[]> {
  const frames = payloads.filter(({ compression }) => compression === 'zstd');
  const unpacked = frames.length === 0 ? Buffer.alloc(0) : await zstd(frames.map((one) => one.packed));
  let at = 0;
  return payloads.map((payload) => {
    if (payload.compression === 'none') return payload.packed;
    at += payload.bytes;
    if (at > unpacked.length) throw new RangeError('a packed transaction is shorter than it says');
    return unpacked.subarray(at - payload.bytes, at);
  });
}

function zstd(frames: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('zstd', ['--decompress', '--stdout', '--quiet'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(Buffer.concat(parts)) : reject(new RangeError('a packed transaction cannot be unpacked')),
    );
    // What it does not read it has refused: its exit code says so.
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.concat(frames));
  });
}
