import { setTimeout as pause } from 'node:timers/promises';
import { type LastSeen } from '../../workflows/decisions/evidence';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { runFenceCommand } from '../fencing/command';
import { startInstance } from '../hosts/start';
import { rememberedBy } from '../observe/last-seen';
import { endingOf, runProgram } from '../programs/run';
import { readVitals, seenNow } from '../watch/vitals';

export interface HostOrder {
  readonly cluster: Cluster;
  readonly name: string;
  /** Run id of the drill. */
  readonly run: string;
}

export interface KillOrder extends HostOrder {
  /** What was known of the primary's surroundings while it was well. */
  readonly acknowledgers: readonly string[];
  readonly epoch: number;
}

/** `lastSeen`: the primary as it was just before, which a failover needs where nobody watches; null = nobody could see it. */
export interface Killed {
  readonly how: 'killed' | 'was dead';
  readonly lastSeen: LastSeen | null;
}

const SEEN_WITHIN_MS = 1_000;
const PROGRAM_WITHIN_MS = 60_000;
const DIES_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Kill the server of the primary on purpose, by `drill.killCommand`, else by the instance's fence command; returns when it is dead, or was
 * started again meanwhile. A later attempt that finds it away, or started again and closed, kills nothing more: its work is done.
 * Throws TOOL_FAILED when the command fails or the server goes on.
 */
export async function killServer(
  deps: Deps & { readonly remembered: () => unknown },
  order: KillOrder,
  attempt: number,
): Promise<Killed> {
  const { cluster, name, acknowledgers, epoch } = order;
  const before = await lifeOf(deps, order);
  if (attempt > 1 && (before === null || before.closed))
    return { how: 'was dead', lastSeen: rememberedBy(deps.remembered()) };
  const vitals = await readVitals(deps.servers, cluster, name, SEEN_WITHIN_MS);
  const lastSeen = vitals && seenNow(name, vitals, { acknowledgers, epoch }, null);
  deps.heartbeat({ lastSeen });
  deps.checkpoint('kill:begin');
  const instance = knownInstance(cluster, name);
  const command = cluster.drill?.killCommand;
  if (command) await runHook(command, 'kill', order);
  else {
    const fenced = await runFenceCommand(instance);
    if (!fenced?.succeeded)
      throw toolFailed(`the fence command of ${name} did not kill it: ${fenced?.because ?? 'there is none'}`);
  }
  deps.checkpoint('kill:killed');
  for (const until = performance.now() + DIES_WITHIN_MS; performance.now() < until;) {
    const now = await lifeOf(deps, order);
    if (now === null || now.closed || before === null || now.uptime < before.uptime) return { how: 'killed', lastSeen };
    await pause(LOOK_EVERY_MS);
  }
  throw toolFailed(`${name} goes on, although its kill command ended well`);
}

const toolFailed = (message: string): RunbookError =>
  new RunbookError({ code: 'TOOL_FAILED', message, hint: 'Try the command by hand, then start the drill again.' });

interface Life {
  readonly uptime: number;
  readonly closed: boolean;
}

/** null = it does not answer. */
async function lifeOf(deps: Deps, { cluster, name }: HostOrder): Promise<Life | null> {
  try {
    const [row] = await serverNamed(deps, cluster, name).rows<{ uptime: string; closed: number }>(
      `SELECT VARIABLE_VALUE AS uptime, @@global.super_read_only AS closed
         FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Uptime'`,
      [],
      { deadlineMs: 500 },
    );
    return row ? { uptime: Number(row.uptime), closed: row.closed === 1 } : null;
  } catch {
    return null;
  }
}

/** It may run twice: killing what is dead, and starting what runs, must succeed. */
async function runHook(command: readonly string[], operation: 'kill' | 'start', { cluster, name, run }: HostOrder) {
  const { host, port } = knownInstance(cluster, name);
  const input = JSON.stringify({ version: 1, operation, cluster: cluster.name, run, instance: { name, host, port } });
  const ended = await runProgram(command, { deadlineMs: PROGRAM_WITHIN_MS, input });
  const failed = endingOf(ended, PROGRAM_WITHIN_MS);
  if (failed !== '') throw toolFailed(`the ${operation} command ${failed}`);
}

/** Start it again by the drill's command, else as the inventory starts it, and wait until it answers. Throws HOST_UNREACHABLE when it does not in time. */
export async function startServer(deps: Deps, order: HostOrder): Promise<'started' | 'was there'> {
  const { cluster, name } = order;
  if ((await lifeOf(deps, order)) !== null) return 'was there';
  const seconds = cluster.drill?.startSeconds ?? 0;
  const command = cluster.drill?.startCommand;
  if (!command) return startInstance(deps, cluster, name, seconds);
  await runHook(command, 'start', order);
  for (const until = performance.now() + seconds * 1_000; performance.now() < until;) {
    if ((await lifeOf(deps, order)) !== null) return 'started';
    await pause(LOOK_EVERY_MS * 4);
  }
  throw new RunbookError({
    code: 'HOST_UNREACHABLE',
    message: `${name} does not answer ${seconds} s after it was to be started again`,
    hint: `Start it, then bring it back with rejoinInstance.`,
  });
}
