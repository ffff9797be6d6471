import { createConnection, type NetConnectOpts } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type HaproxyRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';

/**
 * Send a line of commands to the runtime socket and return all it answers; HAProxy closes the connection behind the last answer.
 * A connection per line costs well under a millisecond and, unlike a kept one, can neither be half dead nor lead to a process
 * that a reload has replaced. A refused command does not stop the ones behind it.
 * Throws ROUTER_UNREACHABLE (the commands may have been carried out all the same), ROUTER_MISCONFIGURED when the socket is closed to us.
 * Source: HAProxy Management Guide, "Unix Socket commands".
 */
export function askHaproxy(router: HaproxyRouter, commands: readonly string[], until: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(whereIs(router.socket));
    const answers: Buffer[] = [];
    const fail = (words: string, code?: string): void => {
      socket.destroy();
      reject(code === 'EACCES' || code === 'EPERM' ? closedToUs(router) : unreachable(router, words));
    };
    const timer = setTimeout(() => fail('it did not answer in time'), Math.max(1, until - performance.now()));
    socket.on('connect', () => socket.write(`${commands.join(';')}\n`));
    socket.on('data', (data) => answers.push(data));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.message, error.code));
    socket.on('end', () => {
      if (answers.length === 0) fail('it closed the connection without an answer');
      else resolve(Buffer.concat(answers).toString('utf8'));
    });
    socket.on('close', () => clearTimeout(timer));
  });
}

function whereIs(socket: string): NetConnectOpts {
  if (socket.startsWith('unix:')) return { path: socket.slice('unix:'.length) };
  const colon = socket.lastIndexOf(':');
  // [::1]:9999 is written with brackets, which the resolver does not know.
  return { host: socket.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(socket.slice(colon + 1)) };
}

const unreachable = (router: HaproxyRouter, words: string): RunbookError =>
  new RunbookError({
    code: 'ROUTER_UNREACHABLE',
    message: `router ${router.name}: its runtime socket ${router.socket} cannot be used: ${words}`,
    hint: 'Check that HAProxy runs and that `stats socket` is reachable from this worker; where the host is lost, make sure that no client can still come through it.',
  });

const closedToUs = (router: HaproxyRouter): RunbookError =>
  new RunbookError({
    code: 'ROUTER_MISCONFIGURED',
    message: `router ${router.name}: this worker may not open ${router.socket}`,
    hint: 'Give the user of the worker access to it (`stats socket … user … group … mode 660 level admin`).',
  });
