import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type Application, type Cluster } from '../../workflows/decisions/cluster';
import { type Comeback, judgeComeback } from '../../workflows/decisions/applications';
import { type Deps, knownInstance, serverNamed, words } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { endingOf, runProgram } from '../programs/run';

export interface Looking {
  readonly cluster: Cluster;
  readonly application: Application;
  readonly oldPrimary: string;
  readonly newPrimary: string;
  /** Processlist ids: what is newer on the new primary has arrived … */
  readonly arrivedAfter: number;
  /** … and what is not newer on the old one holds on; null = it cannot be asked. */
  readonly heldSince: number | null;
}

/**
 * Processlist id of the newest session so far; later ones have higher ids. A server keeps no time of connecting that could be asked for.
 * null where it cannot be asked. Changes nothing, never throws. Source: MySQL manual, "Server Status Variables" (Connections), "The threads Table".
 */
export async function lastSession(deps: Deps, cluster: Cluster, name: string): Promise<number | null> {
  try {
    const [row] = await serverNamed(deps, cluster, name).rows<{ Value: string }>(
      "SHOW GLOBAL STATUS LIKE 'Connections'",
    );
    return Number(row?.Value ?? 0);
  } catch {
    return null;
  }
}

const LOOK_EVERY_MS = 500;
/** A new primary that is silent for so many looks is in trouble itself, and its failover waits for the lock that this run holds. */
const SILENT_LOOKS = 3;

/** Wait until the application is back, for `withinSeconds` at most, and not while the new primary is silent. Changes nothing, never throws. */
export async function awaitSessions(
  deps: Deps,
  order: Looking & { readonly withinSeconds: number },
): Promise<Comeback> {
  const until = performance.now() + order.withinSeconds * 1000;
  for (let silent = 0; ;) {
    const seen = await look(deps, order);
    silent = seen.silent ? silent + 1 : 0;
    if (seen.back || silent >= SILENT_LOOKS || performance.now() >= until)
      return { back: seen.back, because: seen.because };
    deps.heartbeat({ waitingFor: order.application.name, because: seen.because });
    await pause(LOOK_EVERY_MS);
  }
}

async function look(deps: Deps, order: Looking): Promise<Comeback & { readonly silent: boolean }> {
  const { cluster, application, oldPrimary, newPrimary, arrivedAfter, heldSince } = order;
  try {
    const [arrived, holdingOn] = await Promise.all([
      count(serverNamed(deps, cluster, newPrimary), application.user, '>', arrivedAfter),
      heldSince === null
        ? null
        : count(serverNamed(deps, cluster, oldPrimary), application.user, '<=', heldSince).catch(() => null),
    ]);
    return { ...judgeComeback(application, { arrived, holdingOn }, order), silent: false };
  } catch (error) {
    return { back: false, because: `${newPrimary} does not answer: ${words(error)}`, silent: true };
  }
}

const count = async (server: Mysql, user: string, than: '>' | '<=', id: number): Promise<number> =>
  Number(
    await server.value(
      `SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_USER = ? AND PROCESSLIST_ID ${than} ?`,
      [user, id],
    ),
  );

/**
 * Run the application's command, which restarts or signals it. Returns how it ended, in words that come behind its name; never throws.
 * It looks first, so an attempt after one that died does nothing where the application is back; otherwise the command runs twice, and
 * is given the run's id to know it by. It ends early when the new primary falls silent.
 */
export async function restartApplication(deps: Deps, order: Looking & { readonly run: string }): Promise<string> {
  const { application, run } = order;
  if ((await look(deps, order)).back) return 'was not needed any more';
  deps.checkpoint('restart:looked');
  const deadlineMs = application.deadlineSeconds * 1000;
  const over = new AbortController();
  try {
    const ended = await Promise.race([
      runProgram(application.command, { deadlineMs, input: `${JSON.stringify(inputOf(order, run))}\n` }),
      silence(deps, order, over.signal),
    ]);
    deps.checkpoint('restart:told');
    // Standard error may quote credentials: only the exit code is kept.
    return ended === 'silent' ? 'was not waited for' : endingOf(ended, deadlineMs) || 'ended well';
  } finally {
    over.abort();
  }
}

async function silence(deps: Deps, order: Looking, over: AbortSignal): Promise<'silent'> {
  for (let silent = 0; silent < SILENT_LOOKS && !over.aborted;) {
    silent = (await look(deps, order)).silent ? silent + 1 : 0;
    await pause(LOOK_EVERY_MS);
  }
  return 'silent';
}

/** What the command reads on its standard input. Described in docs/inventory.md. */
function inputOf({ cluster, application, oldPrimary, newPrimary }: Looking, run: string): object {
  const address = (instance: string) => {
    const { name, host, port } = knownInstance(cluster, instance);
    return { name, host, port };
  };
  return {
    version: 1,
    operation: 'reconnect',
    application: application.name,
    cluster: cluster.name,
    run,
    oldPrimary: address(oldPrimary),
    newPrimary: address(newPrimary),
  };
}
