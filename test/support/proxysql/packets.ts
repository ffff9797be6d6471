import { type Duplex } from 'node:stream';

/** Whole packets of the MySQL protocol on one stream. None of a test is as long as 16 MB, so none comes in pieces. */
export class Frames {
  private rest: Buffer = Buffer.alloc(0);
  private readonly onData = (data: Buffer) => this.take(data);

  constructor(
    private readonly stream: Duplex,
    private readonly heard: (payload: Buffer, sequence: number) => void,
  ) {
    stream.on('data', this.onData);
  }

  send(payload: Buffer, sequence: number): void {
    const head = Buffer.alloc(4);
    head.writeUIntLE(payload.length, 0, 3);
    head.writeUInt8(sequence & 0xff, 3);
    if (this.stream.writable) this.stream.write(Buffer.concat([head, payload]));
  }

  /** Somebody else reads on, from the first byte that is no part of a packet told. */
  release(): void {
    this.stream.off('data', this.onData);
    this.stream.pause();
    if (this.rest.length > 0) this.stream.unshift(this.rest);
    this.rest = Buffer.alloc(0);
  }

  private take(data: Buffer): void {
    this.rest = Buffer.concat([this.rest, data]);
    while (this.rest.length >= 4) {
      const end = 4 + this.rest.readUIntLE(0, 3);
      if (this.rest.length < end) return;
      const [sequence, payload] = [this.rest.readUInt8(3), this.rest.subarray(4, end)];
      this.rest = this.rest.subarray(end);
      this.heard(payload, sequence);
    }
  }
}

export const COMMAND = {
  quit: 1,
  useSchema: 2,
  query: 3,
  ping: 14,
  prepare: 22,
  execute: 23,
  close: 25,
  reset: 31,
} as const;
export const STATUS = { inTransaction: 1, autocommit: 2, moreResults: 8 } as const;
const CAPABILITY = { connectWithSchema: 0x8, tls: 0x800, lengthEncodedLogin: 0x200000 } as const;
/** Neither DEPRECATE_EOF nor SESSION_TRACK nor QUERY_ATTRIBUTES: then what a server answers can be passed on as it is. */
const CAPABILITIES = 0x2faa0f;

/** Protocol::HandshakeV10. Source: MySQL documentation, "Connection Phase Packets". */
export function greeting(session: number, scramble: Buffer): Buffer {
  const fixed = Buffer.alloc(18);
  fixed.writeUInt16LE(CAPABILITIES & 0xffff, 0);
  fixed.writeUInt8(45, 2);
  fixed.writeUInt16LE(STATUS.autocommit, 3);
  fixed.writeUInt16LE(CAPABILITIES >>> 16, 5);
  fixed.writeUInt8(21, 7);
  const id = Buffer.alloc(4);
  id.writeUInt32LE(session);
  return Buffer.concat([
    Buffer.from('\n8.0.11 (ProxySQL)\0'),
    ...[id, scramble.subarray(0, 8), Buffer.alloc(1), fixed, scramble.subarray(8), Buffer.alloc(1)],
    Buffer.from('mysql_native_password\0'),
  ]);
}

/** A login that goes no further than its flags asks for TLS first. */
export const asksForTls = (login: Buffer): boolean =>
  login.length === 32 && (login.readUInt32LE(0) & CAPABILITY.tls) !== 0;

/** Protocol::HandshakeResponse41, as far as it is needed. */
export function readLogin(login: Buffer): { user: string; token: Buffer; schema: string } {
  const flags = login.readUInt32LE(0);
  const text = (from: number) => login.toString('utf8', from, login.indexOf(0, from));
  const user = text(32);
  let at = 32 + Buffer.byteLength(user) + 1;
  // A token of 20 bytes has the same length in both encodings.
  const length = login.readUInt8(at);
  const token = login.subarray(at + 1, at + 1 + length);
  at += 1 + length;
  return { user, token, schema: flags & CAPABILITY.connectWithSchema ? text(at) : '' };
}

export const okPacket = (): Buffer => Buffer.from([0, 0, 0, STATUS.autocommit, 0, 0, 0]);

export function errorPacket(code: number, message: string): Buffer {
  const head = Buffer.from([0xff, 0, 0]);
  head.writeUInt16LE(code, 1);
  return Buffer.concat([head, Buffer.from(`#HY000${message}`)]);
}

/** A length-encoded integer and the place behind it. */
function lengthEncoded(packet: Buffer, at: number): [number, number] {
  const first = packet.readUInt8(at);
  const width = { 0xfc: 2, 0xfd: 3, 0xfe: 8 }[first];
  if (width === undefined) return [first, at + 1];
  return [width === 8 ? Number(packet.readBigUInt64LE(at + 1)) : packet.readUIntLE(at + 1, width), at + 1 + width];
}

/** What an answer leaves behind for its session. */
export interface Outcome {
  readonly failed: boolean;
  readonly status: number;
  readonly insertId: number;
  /** First packet: of a prepared statement it has the number. */
  readonly first: Buffer;
}

/** Follows one answer, packet by packet, until it is whole. Source: MySQL documentation, "Text Resultset", "COM_STMT_PREPARE Response". */
export function answerReader(command: number): (packet: Buffer) => Outcome | undefined {
  let first: Buffer | undefined;
  let lists = 0;
  const isEof = (packet: Buffer) => packet[0] === 0xfe && packet.length < 9;
  const whole = (status: number, more: Partial<Outcome> = {}): Outcome => ({
    failed: false,
    status,
    insertId: 0,
    first: first!,
    ...more,
  });
  return (packet) => {
    if (packet[0] === 0xff) {
      first ??= packet;
      return whole(0, { failed: true });
    }
    if (lists > 0) {
      if (!isEof(packet)) return undefined;
      lists -= 1;
      if (lists > 0) return undefined;
      // A prepared statement's lists say nothing of more results.
      return packet.readUInt16LE(3) & STATUS.moreResults ? undefined : whole(packet.readUInt16LE(3));
    }
    first ??= packet;
    if (command === COMMAND.prepare) {
      lists = Number(packet.readUInt16LE(5) > 0) + Number(packet.readUInt16LE(7) > 0);
      return lists === 0 ? whole(STATUS.autocommit) : undefined;
    }
    if (packet[0] === 0) {
      const [, afterRows] = lengthEncoded(packet, 1);
      const [insertId, afterId] = lengthEncoded(packet, afterRows);
      const status = packet.readUInt16LE(afterId);
      return status & STATUS.moreResults ? undefined : whole(status, { insertId });
    }
    lists = 2;
    return undefined;
  };
}
