import { createHash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';

export interface ServerSocket {
  readonly open: boolean;
  send(text: string): void;
}

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 };

/** The server's side of RFC 6455, as far as Socket Mode needs it: whole text frames, ping, pong and close. */
export function acceptSocket(request: IncomingMessage, socket: Duplex, onText: (text: string) => void): ServerSocket {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}${MAGIC}`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let open = true;
  let rest = Buffer.alloc(0);
  socket.on('close', () => (open = false)).on('error', () => (open = false));
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      const frame = frameIn(rest);
      if (!frame) return;
      rest = rest.subarray(frame.length);
      if (frame.opcode === OPCODE.text) onText(frame.payload.toString());
      if (frame.opcode === OPCODE.ping) socket.write(frameOf(OPCODE.pong, frame.payload));
      if (frame.opcode === OPCODE.close) socket.end(frameOf(OPCODE.close, frame.payload));
    }
  });
  return {
    get open() {
      return open;
    },
    send: (text) => void socket.write(frameOf(OPCODE.text, Buffer.from(text))),
  };
}

function frameIn(data: Buffer): { opcode: number; payload: Buffer; length: number } | null {
  if (data.length < 2) return null;
  const [first, second] = [data[0] ?? 0, data[1] ?? 0];
  const short = second & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < head) return null;
  const size = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  const masked = (second & 0x80) !== 0;
  const length = head + (masked ? 4 : 0) + size;
  if (data.length < length) return null;
  const payload = Buffer.from(data.subarray(length - size, length));
  if (masked) for (let at = 0; at < size; at += 1) payload[at] = (payload[at] ?? 0) ^ (data[head + (at % 4)] ?? 0);
  return { opcode: first & 0x0f, payload, length };
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}
