import { type Cluster } from '../../../workflows/decisions/cluster';
import { countText, subtractText } from '../../../workflows/decisions/gtid-set';
import { type Deps, knownInstance, serverNamed } from '../../deps';
import { RunbookError } from '../../errors';
import { type Mysql } from '../../mysql/mysql';
import { awaitExecuted, executedOn } from '../../replication/meet';
import { wordsOf } from '../../replication/statements';
import { type Scratch } from '../scratch/scratch';

export interface FollowOrder {
  readonly cluster: Cluster;
  /** The instance that is followed and compared with. */
  readonly source: string;
  readonly isPrimary: boolean;
}

/** What the source has purged and the scratch server needs; '' = it can be followed. */
export async function purgedFor(deps: Deps, { cluster, source }: FollowOrder, scratch: Scratch): Promise<string> {
  const purged = String((await serverNamed(deps, cluster, source).value('SELECT @@global.gtid_purged')) ?? '');
  return subtractText(purged, await executedOn(scratch.mysql));
}

const ONE_WAIT_SECONDS = 1;

/**
 * The scratch server replicates from the source until it has all that the source has executed now. The password is given to the thread and stored
 * nowhere. Throws APPLIER_STOPPED, RECEIVER_STOPPED with the server's words, RELAY_LOG_STALLED.
 */
export async function follow(deps: Deps, { cluster, source }: FollowOrder, scratch: Scratch): Promise<string> {
  const target = await executedOn(serverNamed(deps, cluster, source));
  const { host, port } = knownInstance(cluster, source);
  const { mysql } = scratch;
  const words = await wordsOf(mysql);
  const { user, password } = cluster.accounts.replication;
  const encrypted = cluster.tls.mode === 'off' ? `GET_${words.option}_PUBLIC_KEY = 1` : `${words.option}_SSL = 1`;
  await mysql.run(
    `${words.changeSource} ${words.option}_HOST = ?, ${words.option}_PORT = ?, ${words.option}_AUTO_POSITION = 1, ${encrypted}`,
    [host, port],
  );
  await mysql.run(`${words.start} USER = ? PASSWORD = ?`, [user, await deps.secret(password)]);
  let left = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (;;) {
    const late = await mysql.value('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)', [target, ONE_WAIT_SECONDS], {
      deadlineMs: ONE_WAIT_SECONDS * 1000 + 5_000,
    });
    if (Number(late) === 0) return target;
    await throwItsErrors(mysql, source);
    const now = countText(subtractText(target, await executedOn(mysql)));
    if (now < left) [left, since] = [now, performance.now()];
    if (performance.now() - since > cluster.failover.applyStallSeconds * 1000)
      throw new RunbookError({
        code: 'RELAY_LOG_STALLED',
        message: `the scratch server has applied nothing for ${cluster.failover.applyStallSeconds} s; ${now} transactions are left`,
        hint: 'Look at the load of the worker.',
      });
    deps.heartbeat({ following: source, left: now });
  }
}

async function throwItsErrors(mysql: Mysql, source: string): Promise<void> {
  const [row] = await mysql.rows<Record<string, string | number | null>>('SHOW REPLICA STATUS');
  for (const [thread, code] of [
    ['SQL', 'APPLIER_STOPPED'],
    ['IO', 'RECEIVER_STOPPED'],
  ] as const)
    if (Number(row?.[`Last_${thread}_Errno`] ?? 0) !== 0)
      throw new RunbookError({
        code,
        message: `following ${source}, the scratch server stopped: ${String(row?.[`Last_${thread}_Error`]).slice(0, 300)}`,
        hint: 'Do not rely on this backup before it is known why.',
      });
}

const MEETS_WITHIN_SECONDS = 20;

/** The scratch server has followed to where the source stands still, and no further. Throws RELAY_LOG_STALLED. */
export async function meet({ mysql }: Scratch, gtids: string): Promise<void> {
  await awaitExecuted(mysql, gtids, MEETS_WITHIN_SECONDS);
  await mysql.run((await wordsOf(mysql)).stop, [], { deadlineMs: 30_000 });
}
