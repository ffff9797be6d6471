import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../activities/errors';
import { startInLab } from './background';
import { type LabRouter, type LabServer, type LabState } from './options';
import { end, isAlive } from './processes';

/**
 * TCP mode, one backend for writes and one for reads, every server listed in both under its inventory name. No health
 * checks: only a runbook moves writes. At start no server takes writes; the lab opens one by the runtime socket.
 */
function configuration(servers: readonly LabServer[], socket: string, writePort: number, readPort: number): string {
  const line = (server: LabServer, state: string) =>
    `  server ${server.name} ${server.host}:${server.port} maxconn 400${state}`;
  return `global
  stats socket ${socket} mode 600 level admin
  stats timeout 1h
  maxconn 2000
  log stdout format raw local0 notice
defaults
  mode tcp
  log global
  option redispatch 1
  # A connection to a dead server is closed at once. With retries it would wait min(timeout connect, 1 s) before the next try,
  # long after a failover has opened another server: measured 300 ms of a 570 ms outage.
  retries 0
  timeout connect 1s
  timeout queue 10s
  timeout client 1h
  timeout server 1h
frontend orders_write_in
  bind 127.0.0.1:${writePort}
  default_backend orders_write
frontend orders_read_in
  bind 127.0.0.1:${readPort}
  default_backend orders_read
backend orders_write
${servers.map((server) => line(server, ' disabled')).join('\n')}
backend orders_read
  balance leastconn
${servers.map((server) => line(server, '')).join('\n')}
`;
}

export const WRITE_BACKEND = 'orders_write';
export const READ_BACKEND = 'orders_read';

export async function startHaproxy(
  state: LabState,
  program: string,
  [writePort, readPort]: readonly [number, number],
): Promise<LabRouter> {
  const socket = join(state.socketsFolder, 'haproxy.sock');
  const configFile = join(state.folder, 'haproxy.cfg');
  const log = join(state.folder, 'haproxy.log');
  writeFileSync(configFile, configuration(state.servers, socket, writePort, readPort));
  const mark = startInLab(state, program, ['-db', '-f', configFile], { log });
  const router: LabRouter = {
    kind: 'haproxy',
    name: 'haproxy-1',
    host: '127.0.0.1',
    writePort,
    readPort,
    socket,
    configFile,
    log,
    ...mark,
  };
  try {
    const until = performance.now() + 10_000;
    for (;;) {
      const answered = await command(router, 'show version').catch(() => undefined);
      if (answered !== undefined && answered !== '') return router;
      if (!isAlive(mark) || performance.now() > until) {
        throw new RunbookError({ code: 'TOOL_FAILED', message: 'HAProxy did not start', hint: `Read ${log}.` });
      }
      await pause(10);
    }
  } catch (error) {
    await end(mark);
    throw error;
  }
}

/** One command of the runtime socket and its answer. */
export function command(router: Pick<LabRouter, 'socket'>, words: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(router.socket, () => socket.write(`${words}\n`));
    socket.setTimeout(2000, () => socket.destroy(new Error('HAProxy did not answer within 2 s')));
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.on('error', reject).on('close', () => resolve(answer.trim()));
  });
}

/** Makes `name` the only server that takes writes. */
export async function sendWritesTo(router: LabRouter, servers: readonly LabServer[], name: string): Promise<void> {
  for (const server of servers) {
    await command(
      router,
      `set server ${WRITE_BACKEND}/${server.name} state ${server.name === name ? 'ready' : 'maint'}`,
    );
  }
}

/** A bit of srv_admin_state that tells how the server began and stays when it was made ready since. */
const DISABLED_BY_CONFIGURATION = 0x04;

/** Servers of the write backend that are ready now. */
export const writersOf = (router: LabRouter): Promise<string[]> => readyIn(router, WRITE_BACKEND);

/** Servers of the read backend that are ready now. */
export const readersOf = (router: LabRouter): Promise<string[]> => readyIn(router, READ_BACKEND);

async function readyIn(router: LabRouter, backend: string): Promise<string[]> {
  const state = await command(router, `show servers state ${backend}`);
  return state
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[1] === backend && (Number(fields[6]) & ~DISABLED_BY_CONFIGURATION) === 0)
    .map((fields) => fields[3] ?? '');
}
