import { createServer } from 'node:net';
import { Relay, type RelayedServer } from './relay';
import { type RelayRequest } from './rules';

/** `node relay-main.js SOCKET LAB.JSON SERVERS`: one JSON request a line on the socket, one JSON answer a line. */
async function main(socket: string, labFile: string, servers: readonly RelayedServer[]): Promise<void> {
  const relay = new Relay(labFile);
  for (const server of servers) await relay.front(server);
  const control = createServer((peer) => {
    let text = '';
    peer
      .on('error', () => undefined)
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        text += chunk;
        if (!text.endsWith('\n')) return;
        peer.end(`${JSON.stringify(relay.answer(JSON.parse(text) as RelayRequest))}\n`);
      });
  });
  control.listen(socket);
}

const [socket = '', labFile = '', servers = '[]'] = process.argv.slice(2);
main(socket, labFile, JSON.parse(servers) as RelayedServer[]).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
