import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openRouter, type RouterOptions } from '../../../activities/routing/router';
import { reservePorts } from '../../../lab/ports';
import { findHaproxy } from '../../../lab/programs/haproxy';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type HaproxyRouter } from '../../../workflows/decisions/router';

/** As the product opens it; HAProxy asks for no secret. */
export const openHaproxy = (router: HaproxyRouter, instances: readonly Instance[], options: RouterOptions = {}) =>
  openRouter({ secret: () => Promise.reject(new Error('not asked here')) }, router, instances, options);

/** A real HAProxy in front of servers that only greet with their name: enough to see where connections go. */
export interface OneHaproxy {
  readonly router: HaproxyRouter;
  /** The same, by the socket's TCP port. */
  readonly byTcp: HaproxyRouter;
  readonly instances: readonly Instance[];
  readonly process: ChildProcess;
  /** One command as an operator would give it. */
  readonly tell: (command: string) => Promise<string>;
  /** Connect as a client. `greeting` is the server's name, '' when HAProxy turned the client away. */
  readonly client: (to: 'writes' | 'reads') => Promise<Client>;
  readonly stop: () => Promise<void>;
}

export interface Client {
  readonly greeting: string;
  readonly closed: Promise<void>;
  readonly isOpen: () => boolean;
  /** It gives up: says that it has nothing more to say. */
  readonly leave: () => void;
}

export interface Setup {
  /** Words behind a server line of the write backend. Default: db1 takes writes, the others are disabled. */
  readonly writeLine?: (name: string) => string;
  readonly level?: 'admin' | 'operator';
  /** Servers that greet, and then hang: they never answer a client that leaves. */
  readonly hung?: boolean;
  readonly more?: (instances: readonly Instance[]) => string;
}

const NAMES = ['db1', 'db2', 'db3'];

export async function startOneHaproxy({
  writeLine,
  level = 'admin',
  hung = false,
  more,
}: Setup = {}): Promise<OneHaproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'one-haproxy-'));
  const greeters = await Promise.all(NAMES.map((name) => greeter(name, hung)));
  const instances = NAMES.map((name, index) => instanceAt(name, greeters[index]!));
  const [writePort = 0, readPort = 0, tcpPort = 0] = await reservePorts(3, folder);
  const socket = join(folder, 'h.sock');
  const lines = (words: (name: string) => string) =>
    instances.map(({ name, port }) => `  server ${name} 127.0.0.1:${port} ${words(name)}`).join('\n');
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  stats socket ${socket} mode 600 level ${level}
  stats socket ipv4@127.0.0.1:${tcpPort} level ${level}
defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
listen w
  bind 127.0.0.1:${writePort}
${lines(writeLine ?? ((name) => (name === 'db1' ? '' : 'disabled')))}
listen r
  bind 127.0.0.1:${readPort}
${lines((name) => (name === 'db1' ? 'disabled' : ''))}
${more?.(instances) ?? ''}
`,
  );
  const process = spawn(await findHaproxy(), ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
  const clients = new Set<Socket>();
  const tell = (command: string) => answerOf(socket, command);
  while ((await tell('show version').catch(() => '')) === '') {
    if (process.exitCode !== null)
      throw new Error(`HAProxy ended with ${process.exitCode}; its configuration is in ${folder}`);
    await pause(5);
  }

  const router: HaproxyRouter = {
    kind: 'haproxy',
    name: 'haproxy-1',
    socket: `unix:${socket}`,
    writeBackend: 'w',
    readBackend: 'r',
    writeAddress: { host: '127.0.0.1', port: writePort },
  };
  return {
    router,
    byTcp: { ...router, name: 'haproxy-tcp', socket: `127.0.0.1:${tcpPort}` },
    instances,
    process,
    tell,
    client: async (to) => {
      const client = connect(to === 'writes' ? writePort : readPort, '127.0.0.1');
      clients.add(client);
      client.on('error', () => client.destroy());
      const closed = once(client, 'close').then(() => undefined);
      const greeting = await Promise.race([once(client, 'data').then(String), closed.then(() => '')]);
      return { greeting, closed, isOpen: () => !client.closed, leave: () => client.end() };
    },
    stop: async () => {
      for (const client of clients) client.destroy();
      const gone = once(process, 'exit');
      process.kill('SIGKILL');
      await gone;
      for (const server of greeters) server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A relay in front of a runtime socket that keeps every line of commands. */
export async function listenIn(router: HaproxyRouter) {
  const lines: string[] = [];
  const server = createServer((client) => {
    const there = connect(Number(router.socket.split(':')[1]), '127.0.0.1');
    client.on('data', (data) => lines.push(String(data).trim()));
    client.pipe(there).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { router: { ...router, socket }, heard: () => lines, close: () => server.close() };
}

async function greeter(name: string, hung: boolean): Promise<Server> {
  const server = createServer({ allowHalfOpen: hung }, (client) => {
    client.on('error', () => client.destroy());
    client.write(name);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const instanceAt = (name: string, server: Server): Instance => ({
  name,
  host: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
  datacentre: 'a',
  promotion: 'neutral',
  delaySeconds: 0,
  backupSource: false,
});

function answerOf(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () => socket.write(`${command}\n`));
    socket.on('data', (data) => (answer += String(data)));
    socket.on('error', reject).on('close', () => resolve(answer.trim()));
  });
}
