import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  readonly close: () => void;
}

export interface RelayOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: one that is free. */
  readonly port?: number;
  /** What the client gets of an answer, given all that it has asked; null = nothing. Default: all of it. */
  readonly pass?: (answer: Buffer, asked: Buffer) => Buffer | null;
}

/** A TCP relay to a port of this machine: another address for a server, or a wire that loses and changes what is answered. */
export async function relayTo(
  to: number,
  { host = '127.0.0.1', port = 0, pass = (answer) => answer }: RelayOptions = {},
): Promise<Relay> {
  const ends = new Set<Socket>();
  const server = createServer((client) => {
    const there = connect(to, '127.0.0.1');
    for (const [end, other] of [
      [client, there],
      [there, client],
    ] as const) {
      ends.add(end);
      end.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    let asked = Buffer.alloc(0);
    client.on('data', (data) => {
      asked = Buffer.concat([asked, data]).subarray(0, 1000);
      there.write(data);
    });
    there.on('data', (data) => {
      const answer = pass(data, asked);
      if (answer) client.write(answer);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const end of ends) end.destroy();
      server.close();
    },
  };
}
