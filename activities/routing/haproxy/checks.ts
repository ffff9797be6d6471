import { address, type Instance } from '../../../workflows/decisions/cluster';
import { type HaproxyRouter } from '../../../workflows/decisions/router';
import { type RunbookError } from '../../errors';
import { misconfigured, readsOtherwise } from '../refusals';

import { type ServerLine } from './state';

export { misconfigured } from '../refusals';

/**
 * A name that leads to another server would send the writes of a whole company there. Refused: another port than the inventory's,
 * and the address of another instance of this cluster. A host that merely differs is let pass: routers often reach servers by a
 * name or a network of their own, and the proof by a write asks the server itself who it is.
 */
export function checkAddresses(
  router: HaproxyRouter,
  instances: readonly Instance[],
  lines: readonly ServerLine[],
): void {
  for (const line of lines) {
    const meant = instances.find((instance) => instance.name === line.name);
    if (meant === undefined) continue;
    const there = instances.find(({ host, port }) => (host === line.host || host === line.fqdn) && port === line.port);
    const another = there === undefined || there === meant ? '' : `, which is ${there.name}`;
    if (line.port === meant.port && another === '') continue;
    throw misconfigured(
      router,
      `its server ${line.name} is ${address(line)}${another}; the inventory has ${address(meant)}`,
      'Make the server lines of haproxy.cfg and the inventory name the same servers before anything is routed.',
    );
  }
}

export function checkServers(
  router: HaproxyRouter,
  backend: string,
  lines: readonly ServerLine[],
  wanted: readonly Instance[],
): void {
  const missing = wanted.filter((instance) => !lines.some((line) => line.name === instance.name));
  if (missing.length === 0) return;
  throw misconfigured(
    router,
    `its backend ${backend} has no server ${missing.map(({ name }) => name).join(', ')}; it has ${lines.map(({ name }) => name).join(', ')}`,
    'Name the server lines of haproxy.cfg as the inventory names the instances.',
  );
}

export const disagrees = (router: HaproxyRouter, differs: string): RunbookError =>
  readsOtherwise(
    router,
    differs,
    'Look for something else that drives this router (an agent, a tracked server, a health check), then try again.',
  );
