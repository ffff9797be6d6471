import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { tellControl } from '../../workflows/decisions/hosts';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { hostOf } from './control';

const ASK_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 1_000;
/** A process that does not answer may be on its way up or down: it is asked to start again when it has gone. */
const START_AGAIN_MS = 2_000;

export const answers = (deps: Deps, cluster: Cluster, name: string): Promise<boolean> =>
  serverNamed(deps, cluster, name)
    .value('SELECT 1', [], { deadlineMs: ANSWER_WITHIN_MS })
    .then(
      () => true,
      () => false,
    );

/**
 * Start the server of an instance as the inventory says, and wait until it answers; where it says nothing, wait for whoever starts it.
 * Throws HOST_UNREACHABLE when it does not answer within `seconds`. Repeats safely: a server that runs is not started again.
 */
export async function startInstance(
  deps: Deps,
  cluster: Cluster,
  name: string,
  seconds: number,
): Promise<'started' | 'was there'> {
  if (await answers(deps, cluster, name)) return 'was there';
  const instance = knownInstance(cluster, name);
  const host = hostOf(cluster, instance);
  let askedAt = -Infinity;
  for (const until = performance.now() + seconds * 1_000; performance.now() < until;) {
    deps.heartbeat({ starting: name });
    if (host && performance.now() - askedAt > START_AGAIN_MS && (await host.alive()) !== true) {
      await host.start();
      askedAt = performance.now();
    }
    if (await answers(deps, cluster, name)) return 'started';
    await pause(ASK_EVERY_MS);
  }
  throw new RunbookError({
    code: 'HOST_UNREACHABLE',
    message: `${name} does not answer ${seconds} s after it was to be started (${tellControl(instance)})`,
    hint: host ? 'Look at its error log, then start it.' : 'Start it, or give it `control` in the inventory.',
  });
}
