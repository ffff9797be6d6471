import { type Instance } from '../../../workflows/decisions/cluster';
import { type Spaces, startSpaces } from '../../support/spaces';

/** Hosts db1, db2 (10.231.7.11, .12) and a client (.50). On each database host a server that answers with its name. */
export interface Hosts extends Pick<Spaces, 'folder' | 'cutOff' | 'reachAgain' | 'inside' | 'stop'> {
  readonly instances: readonly Instance[];
  /** For `--on`: goes to a host, unless it was cut off. */
  readonly way: string;
  /** A client in the client's namespace. */
  readonly client: (address: string) => Promise<NamespaceClient>;
}

export interface NamespaceClient {
  /** The name of the server that answers; '' when the connection ended instead, 'silence' when nothing came. */
  readonly ask: () => Promise<string>;
  readonly end: () => void;
}

const PORT = 3306;
const PLACES = { db1: '10.231.7.11', db2: '10.231.7.12', client: '10.231.7.50' } as const;

/** Answers each line with its name, so that a session can be told from the server that it is on. */
const SERVER = `const net = require('node:net');
net.createServer((c) => { c.on('error', () => c.destroy()); c.on('data', () => c.write(process.argv[1] + '\\n')); })
  .listen(${PORT}, '0.0.0.0', () => console.log('listening'));`;

/** Reads lines: each is a question to the server; answers with what came back. */
const CLIENT = `const net = require('node:net');
const c = net.connect(${PORT}, process.argv[1]);
let gone = false, waiting;
const tell = (word) => { if (waiting) { clearTimeout(waiting); waiting = undefined; console.log(word); } };
c.on('data', (d) => tell('got ' + String(d).trim()));
c.on('error', () => c.destroy());
c.on('close', () => { gone = true; tell('closed'); });
process.stdin.on('data', () => {
  if (gone) return console.log('closed');
  waiting = setTimeout(() => tell('silence'), 1500);
  c.write('?\\n');
});`;

export async function startHosts(): Promise<Hosts> {
  const spaces = await startSpaces(PLACES);
  const { start, line } = spaces;
  try {
    for (const name of ['db1', 'db2']) await line(start(name, SERVER, name));
  } catch (error) {
    await spaces.stop();
    throw error;
  }
  return {
    ...spaces,
    way: `${spaces.way} %n`,
    instances: (['db1', 'db2'] as const).map((name) => ({
      name,
      host: PLACES[name],
      port: PORT,
      datacentre: '',
      promotion: 'neutral',
      delaySeconds: 0,
      backupSource: false,
    })),
    client: async (address) => {
      const child = start('client', CLIENT, address);
      return Promise.resolve({
        ask: async () => {
          const answer = line(child);
          child.stdin!.write('?\n');
          return (await answer).replace(/^got /, '');
        },
        end: () => child.kill('SIGKILL'),
      });
    },
  };
}
