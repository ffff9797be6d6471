import fc from 'fast-check';
import { crc32 } from '../../activities/archive/binlog/crc32';
import { EVENT, MAGIC } from '../../activities/archive/binlog/event';

/** Binary log files put together byte by byte, so that a reader can be asked about every place in them. */
export interface MadeFile {
  readonly bytes: Buffer;
  readonly transactions: readonly Made[];
}

export interface Made {
  readonly gtid: string;
  readonly from: number;
  readonly to: number;
}

function event(type: number, body: Buffer, { checksums = true, second = 1_700_000_000 } = {}): Buffer {
  const whole = Buffer.alloc(19 + body.length + (checksums ? 4 : 0));
  whole.writeUInt32LE(second, 0);
  whole.writeUInt8(type, 4);
  whole.writeUInt32LE(7, 5);
  whole.writeUInt32LE(whole.length, 9);
  body.copy(whole, 19);
  if (checksums) whole.writeUInt32LE(crc32(whole.subarray(0, -4)), whole.length - 4);
  return whole;
}

export function formatEvent(checksums: boolean, version = '9.7.4'): Buffer {
  const body = Buffer.alloc(57 + 42 + 1);
  body.writeUInt16LE(4, 0);
  body.write(version, 2, 'latin1');
  body.writeUInt8(19, 56);
  body.writeUInt8(checksums ? 1 : 0, body.length - 1);
  return event(EVENT.format, body);
}

export interface Plan {
  readonly uuid: string;
  readonly tag: string;
  readonly number: number;
  readonly ends: 'xid' | 'ddl' | 'xa' | 'commit';
  readonly rows: number;
}

const serialized = (value: bigint): Buffer => {
  const bits = value.toString(2).length;
  const more = Math.min(8, Math.ceil(bits / 7) - 1);
  const bytes = Buffer.alloc(9);
  const ones = (1n << BigInt(more)) - 1n;
  const whole = more === 8 ? (value << 8n) | 0xffn : (value << BigInt(more + 1)) | ones;
  for (let i = 0; i < 9; i += 1) bytes[i] = Number((whole >> BigInt(8 * i)) & 0xffn);
  return bytes.subarray(0, more + 1);
};
const field = (id: number, ...values: Buffer[]) => Buffer.concat([serialized(BigInt(id)), ...values]);

function gtidEvent({ uuid, tag, number }: Plan, checksums: boolean): Buffer {
  const raw = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (tag !== '') {
    const parts = [
      field(0, serialized(0n)),
      field(1, ...[...raw].map((byte) => serialized(BigInt(byte)))),
      field(2, serialized(BigInt(number) << 1n)),
      field(3, serialized(BigInt(tag.length)), Buffer.from(tag)),
      field(4, serialized(0n)),
      field(5, serialized(2n)),
      field(6, serialized(1_700_000_000_123_456n)),
      field(8, serialized(200n)),
    ];
    const body = Buffer.concat([serialized(1n), serialized(50n), serialized(0n), ...parts]);
    return event(EVENT.taggedGtid, body, { checksums });
  }
  const body = Buffer.alloc(1 + 16 + 8 + 1 + 16 + 7);
  raw.copy(body, 1);
  body.writeBigUInt64LE(BigInt(number), 17);
  body.writeUInt8(2, 25);
  const micros = 1_700_000_000_123_456n;
  body.writeUInt32LE(Number(micros & 0xffffffffn), 42);
  body.writeUIntLE(Number(micros >> 32n), 46, 3);
  return event(EVENT.gtid, body, { checksums });
}

export function statement(text: string, schema = 'shop'): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt8(schema.length, 8);
  return Buffer.concat([head, Buffer.from(schema), Buffer.from([0]), Buffer.from(text)]);
}

function transaction(plan: Plan, checksums: boolean): Buffer {
  const made = (type: number, body: Buffer) => event(type, body, { checksums });
  const say = (text: string) => made(EVENT.query, statement(text));
  const rows = Array.from({ length: plan.rows }, (_, i) => made(EVENT.writeRows, Buffer.alloc(10 + i)));
  const inside: Readonly<Record<Plan['ends'], Buffer[]>> = {
    xid: [say('BEGIN'), ...rows, say('SAVEPOINT `a`'), say('ROLLBACK TO `a`'), made(EVENT.xid, Buffer.alloc(8))],
    commit: [say('BEGIN'), ...rows, say('COMMIT')],
    ddl: [say('DROP TABLE `orders`')],
    xa: [say("XA START X'61',X'',1"), ...rows, say("XA END X'61',X'',1"), made(EVENT.xaPrepare, Buffer.alloc(14))],
  };
  return Buffer.concat([gtidEvent(plan, checksums), ...inside[plan.ends]]);
}

export function made(plans: readonly Plan[], checksums: boolean): MadeFile {
  const parts = [MAGIC, formatEvent(checksums)];
  let at = parts.reduce((sum, { length }) => sum + length, 0);
  const transactions = plans.map((plan): Made => {
    const bytes = transaction(plan, checksums);
    parts.push(bytes);
    at += bytes.length;
    const { uuid, tag, number } = plan;
    return { gtid: [uuid, ...(tag ? [tag] : []), number].join(':'), from: at - bytes.length, to: at };
  });
  return { bytes: Buffer.concat(parts), transactions };
}

const uuids = [1, 2, 3].map((n) => `f000000${n}-1111-2222-3333-4444444444c${n}`);

export const plans = fc
  .array(
    fc.record({
      uuid: fc.constantFrom(...uuids),
      tag: fc.constantFrom('', '', 'a', 'nightly_job'),
      number: fc.integer({ min: 1, max: 2 ** 53 - 2 }),
      ends: fc.constantFrom('xid' as const, 'ddl' as const, 'xa' as const, 'commit' as const),
      rows: fc.nat({ max: 3 }),
    }),
    { maxLength: 8 },
  )
  .map((all) => all.map((one, i) => ({ ...one, number: i % 2 === 0 ? i + 1 : one.number })));

/** The same bytes in pieces of any size. */
export async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}
