import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type MysqlRouter } from '../../../workflows/decisions/router';
import { RunbookError } from '../../errors';
import { type Secret } from '../command/run';
import { LOOK_WITHIN_MS, type RouterControl, type Routing } from '../control';
import { addressesIn, findRoute, withDestinations } from './file';
import { readConfigFile, replaceConfigFile, restart } from './host';
import { noRoute, readRunningRoute, type RunningRoute } from './rest';

/**
 * The destination of a fence: nothing listens there, so Router turns clients away. It stays in the file, so that a reboot or a supervisor
 * that starts Router again does not open it; a stopped Router would come back with its old destinations.
 */
const NOWHERE = '127.0.0.1:1';
const LOOK_AGAIN_AFTER_MS = 20;

/**
 * MySQL Router 8.0.17 and newer with static destinations. Nothing changes them at run time: the one line of the configuration file is
 * rewritten, the process is restarted, which cuts every session through it, and what the new process runs with is read by its REST API.
 * A death between the rewrite and the restart leaves a file that differs from the running process: the next call compares both and ends it.
 * It knows servers by address only, so destinations are the inventory's `host:port`. It has no hold, and reads are left as they are:
 * turning them would cut the writers once more.
 * Source: MySQL Router manual, "Configuration File Options" (destinations, routing_strategy), "MySQL Router REST API Reference".
 */
export function controlMysqlRouter(router: MysqlRouter, instances: readonly Instance[], secret: Secret): RouterControl {
  const running = async (until: number): Promise<RunningRoute | null> =>
    readRunningRoute(router, await secret(router.restApi.account.password), until);

  const read = async (): Promise<Routing> => {
    const until = performance.now() + Math.min(router.deadlineSeconds * 1000, LOOK_WITHIN_MS);
    const [route] = await Promise.all([running(until), readSection(router, until)]);
    if (!route) throw noRoute(router);
    return routingOf(router, instances, route);
  };

  const lead = async (wanted: string): Promise<Routing> => {
    const until = performance.now() + router.deadlineSeconds * 1000;
    const [before, { text, line, destinations }] = await Promise.all([
      // It may be down: an attempt before this one may have died in the middle of a restart.
      running(until).catch(unlessSilent),
      readSection(router, until),
    ]);
    if (!only(addressesIn(destinations), wanted))
      await replaceConfigFile(router, text, withDestinations(text, line, wanted), until);
    if (before && only(before.destinations, wanted)) return routingOf(router, instances, before);
    await restart(router, until);
    return routingOf(router, instances, await untilItRuns(router, wanted, running, until));
  };

  return {
    name: router.name,
    holds: false,
    read,
    fence: () => lead(NOWHERE),
    pointWritesTo: (instance) => lead(placeOf(instance)),
    hold: read,
    release: read,
    pointReadsTo: read,
  };
}

async function readSection(router: MysqlRouter, until: number) {
  const text = await readConfigFile(router, until);
  const section = findRoute(text, router.route);
  if ('destinations' in section) return { text, ...section };
  throw new RunbookError({
    code: 'ROUTER_MISCONFIGURED',
    message: `router ${router.name}: ${section.problem}`,
    hint: section.hint,
  });
}

/**
 * The process that was there before answers with its old destinations until it ends; between the two nobody answers, or one that knows no route
 * yet (seen on 9.7.4).
 */
async function untilItRuns(
  router: MysqlRouter,
  wanted: string,
  running: (until: number) => Promise<RunningRoute | null>,
  until: number,
): Promise<RunningRoute> {
  let silence: unknown;
  let last: RunningRoute | null | undefined;
  for (;;) {
    last = await running(until).catch((error: unknown) => {
      silence = error;
      // A question that the deadline cuts short says less than the answer before it.
      if (performance.now() >= until) return last;
      unlessSilent(error);
      return undefined;
    });
    if (last && only(last.destinations, wanted)) return last;
    if (performance.now() + LOOK_AGAIN_AFTER_MS >= until) {
      if (!last) throw last === null ? noRoute(router) : silence;
      throw new RunbookError({
        code: 'ROUTER_DISAGREES',
        message: `router ${router.name} was restarted for ${wanted}, and runs with ${last.destinations.join(', ') || 'no destination'}`,
        hint: 'Look whether `restart` restarts this very process, and whether another file or an argument sets its destinations.',
      });
    }
    await pause(LOOK_AGAIN_AFTER_MS);
  }
}

function unlessSilent(error: unknown): undefined {
  if (!(error instanceof RunbookError) || error.code !== 'ROUTER_UNREACHABLE') throw error;
}

const placeOf = ({ host, port }: Instance): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const only = (destinations: readonly string[], wanted: string): boolean =>
  destinations.length === 1 && destinations[0] === wanted;

/** A destination that no instance of the inventory has stands there by its address: it is a writer, and none of ours. */
function routingOf(
  router: MysqlRouter,
  instances: readonly Instance[],
  { destinations, sessions }: RunningRoute,
): Routing {
  const nameOf = (at: string) => instances.find((instance) => placeOf(instance) === at)?.name ?? at;
  const counted: Record<string, number> = Object.fromEntries(instances.map(({ name }) => [name, 0]));
  for (const at of sessions) counted[nameOf(at)] = (counted[nameOf(at)] ?? 0) + 1;
  const serving = destinations.filter((at) => at !== NOWHERE);
  return {
    router: router.name,
    writers: serving.map(nameOf),
    readers: [],
    sessions: counted,
    settings: {},
    addresses: Object.fromEntries(serving.map((at) => [nameOf(at), at])),
  };
}
