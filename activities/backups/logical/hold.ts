import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { channelOf } from '../../../workflows/decisions/facts';
import { type Deps, serverAsBackup, serverNamed } from '../../deps';
import { RunbookError } from '../../errors';
import { type Mysql } from '../../mysql/mysql';
import { factsOf } from '../../replication/apply';
import { executedOn } from '../../replication/meet';
import { startApplier } from '../../replication/receivers';
import { wordsOf } from '../../replication/statements';

export interface HoldOrder {
  readonly cluster: Cluster;
  readonly source: string;
  /** It has no applier: clients wait instead, for the moment. */
  readonly isPrimary: boolean;
}

/** A big transaction is applied to its end first. */
const STOPS_WITHIN_MS = 60_000;
/** Where tables have no snapshots, the whole dump; else `work` has an end of its own. */
const LONGEST_MS = 86_400_000;
/** Clients of a primary that is alone wait for no longer. */
const LOCK_WITHIN_SECONDS = 5;
const [GOES_ON_WITHIN_MS, LOOK_EVERY_MS] = [5_000, 200];

/**
 * Do `work` while nothing commits on the server: the applier of a replica stands still, or a primary that is alone is locked by a session
 * of ours. It goes on again however `work` ends; a worker that dies leaves the applier standing, which `letGoOn` of the next attempt ends.
 * A failover may make a primary of that replica meanwhile: it asks nobody. Returns what `work` returns; throws what it throws, LOCK_WAIT_EXCEEDED where the
 * primary cannot be locked soon, TOOL_FAILED where something was committed all the same.
 * Source: MySQL manual, "STOP REPLICA Statement", "FLUSH TABLES WITH READ LOCK".
 */
export async function whileStill<Result>(
  deps: Deps,
  { cluster, source, isPrimary }: HoldOrder,
  work: () => Promise<Result>,
): Promise<Result> {
  if (isPrimary)
    return serverAsBackup(deps, cluster, source).session(
      async (session) => {
        await session.run('SET SESSION lock_wait_timeout = ?', [LOCK_WITHIN_SECONDS]);
        await session.run('FLUSH TABLES WITH READ LOCK');
        return work().finally(() => session.run('UNLOCK TABLES'));
      },
      { deadlineMs: LONGEST_MS },
    );
  const server = serverNamed(deps, cluster, source);
  const { stopApplier } = await wordsOf(server);
  try {
    await server.run(stopApplier, [], { deadlineMs: STOPS_WITHIN_MS });
    const before = await executedOn(server);
    const result = await work();
    if ((await executedOn(server)) !== before) throw movedOn(source);
    return result;
  } finally {
    await goOn(deps, cluster, server);
  }
}

const movedOn = (source: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `${source} committed transactions while it was to stand still: somebody started its applier, or it was made a primary`,
    hint: 'It is tried again; leave the replica alone meanwhile.',
  });

/** Not where it has become a primary: its channel is gone, or goes at this moment, which has errors of its own. */
async function goOn(deps: Deps, cluster: Cluster, server: Mysql): Promise<void> {
  for (const until = performance.now() + GOES_ON_WITHIN_MS; ;) {
    try {
      await startApplier(server);
      return;
    } catch (error) {
      if (!channelOf(await factsOf(deps, cluster, server.name))) return;
      if (performance.now() > until) throw error;
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** The applier of a replica runs again, where an attempt that died has left it standing. It ran when the backup began: a person did not stop it. */
export async function letGoOn(deps: Deps, { cluster, source, isPrimary }: HoldOrder): Promise<'ran' | 'started'> {
  if (isPrimary) return 'ran';
  const channel = channelOf(await factsOf(deps, cluster, source));
  if (!channel || channel.applier === 'running') return 'ran';
  if (channel.applierError)
    throw new RunbookError({
      code: 'APPLIER_STOPPED',
      message: `the applier of ${source} stopped with error ${channel.applierError.code}: ${channel.applierError.message}`,
      hint: 'Repair the row it names, or name another instance with {"from": "…"}.',
    });
  await startApplier(serverNamed(deps, cluster, source));
  return 'started';
}
