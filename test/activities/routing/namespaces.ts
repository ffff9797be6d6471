import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Instance } from '../../../workflows/decisions/cluster';

/** Hosts as network namespaces on one bridge: db1, db2 (10.231.7.11, .12) and a client (.50). On each database host a server that answers with its name. */
export interface Hosts {
  readonly folder: string;
  readonly instances: readonly Instance[];
  /** For `--on`: goes to a host, unless it was cut off. */
  readonly way: string;
  /** Nobody can run a command on this host from now on; its network and its servers go on. */
  readonly cutOff: (name: string, how?: 'refuse' | 'hang') => void;
  readonly reachAgain: (name: string) => void;
  /** What `program` prints in that namespace. */
  readonly inside: (name: string, ...program: string[]) => string;
  /** A client in the client's namespace. */
  readonly client: (address: string) => Promise<NamespaceClient>;
  readonly stop: () => Promise<void>;
}

export interface NamespaceClient {
  /** The name of the server that answers; '' when the connection ended instead, 'silence' when nothing came. */
  readonly ask: () => Promise<string>;
  readonly end: () => void;
}

/** '' where namespaces can be made, else why not. */
export function whyNoNamespaces(): string {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `mrb-try-${process.pid}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return `no network namespace can be made: ${(error as Error).message.trim()}`;
  }
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
  const folder = mkdtempSync(join(tmpdir(), 'hosts-'));
  const prefix = `mrb${process.pid}`;
  const space = (name: string) => `${prefix}-${name}`;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' }).toString();
  const started: ChildProcess[] = [];
  const spaces = ['sw', ...Object.keys(PLACES)];
  const stop = async () => {
    for (const child of started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    for (const name of spaces) {
      try {
        ip('netns', 'del', space(name));
      } catch {
        // It was not made.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const start = (name: string, script: string, argument: string): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', space(name), process.execPath, '-e', script, argument], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    started.push(child);
    return child;
  };
  const line = async (child: ChildProcess): Promise<string> => String((await once(child.stdout!, 'data'))[0]).trim();

  try {
    for (const name of spaces) ip('netns', 'add', space(name));
    ip('-n', space('sw'), 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', space('sw'), 'link', 'set', 'br0', 'up');
    for (const [name, address] of Object.entries(PLACES)) {
      ip('-n', space('sw'), 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space(name));
      ip('-n', space('sw'), 'link', 'set', name, 'master', 'br0', 'up');
      ip('-n', space(name), 'link', 'set', 'lo', 'up');
      ip('-n', space(name), 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', space(name), 'link', 'set', 'eth0', 'up');
    }
    for (const name of ['db1', 'db2']) await line(start(name, SERVER, name));
  } catch (error) {
    await stop();
    throw error;
  }

  const way = join(folder, 'to-host');
  writeFileSync(
    way,
    `#!/bin/sh\nn=$1; shift\ncase $(cat ${folder}/cut-$n 2>/dev/null) in refuse) echo "connect to host $n: No route to host" >&2; exit 255;; hang) exec sleep 60;; esac\nexec ip netns exec ${prefix}-$n "$@"\n`,
  );
  chmodSync(way, 0o755);
  return {
    folder,
    way: `${way} %n`,
    instances: (['db1', 'db2'] as const).map((name) => ({
      name,
      host: PLACES[name],
      port: PORT,
      datacentre: '',
      promotion: 'neutral',
      delaySeconds: 0,
      backupSource: false,
    })),
    cutOff: (name, how = 'refuse') => writeFileSync(join(folder, `cut-${name}`), how),
    reachAgain: (name) => rmSync(join(folder, `cut-${name}`), { force: true }),
    inside: (name, ...program) => ip('netns', 'exec', space(name), ...program),
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
    stop,
  };
}
