import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverAsBackup, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { startInstance } from '../hosts/start';
import { enableRedoLog } from '../mysql/redo-log';
import { wordsOf } from '../replication/statements';
import { setSemiSync } from '../replication/semi-sync';
import { readCloneStatus } from './clone-status';

export interface Recipient {
  readonly cluster: Cluster;
  readonly instance: string;
}

export interface Emptied {
  /** The recipient's clock, UTC: a CLONE that began later is this run's. */
  readonly since: string;
}

/** A server that recovers from a broken-off copy may take long to answer. */
export const START_SECONDS = 600;

/**
 * Make the recipient ready to be filled: it runs, copies from nobody, acknowledges nothing, and only accounts with CONNECTION_ADMIN may write:
 * with super_read_only CLONE ends with error 1290, half way through dropping the data. Drops nothing itself. Repeats safely.
 * Throws COPY_UNUSABLE when somebody else fills it now, or it writes without a redo log and cannot be made to; HOST_UNREACHABLE.
 * Source: MySQL manual, "read_only", "Cloning Remote Data".
 */
export async function openRecipient(deps: Deps, { cluster, instance }: Recipient): Promise<Emptied> {
  await startInstance(deps, cluster, instance, START_SECONDS);
  const server = serverNamed(deps, cluster, instance);
  const status = await readCloneStatus(server).catch(() => null);
  if (status?.state === 'In Progress' && status.session !== null)
    throw new RunbookError({
      code: 'COPY_UNUSABLE',
      message: `${instance} is being filled from ${status.source} by session ${status.session} already`,
      hint: `Wait for its end (performance_schema.clone_status there), or end it: KILL ${status.session}.`,
    });
  deps.checkpoint('recipient:begin');
  const words = await wordsOf(server);
  await server.run(words.stop, [], { deadlineMs: 60_000 });
  await setSemiSync(server, 'none');
  await server.run('SET GLOBAL read_only = ON', [], { deadlineMs: 30_000 });
  await server.run('SET GLOBAL super_read_only = OFF');
  // An attempt that died may have left it off, and CLONE refuses without.
  await enableRedoLog(serverAsBackup(deps, cluster, instance));
  deps.checkpoint('recipient:ready');
  return { since: String(await server.value('SELECT CAST(UTC_TIMESTAMP(3) AS CHAR)')) };
}

/**
 * The recipient was not filled, and what it held is still there: closed again. Where its data is gone this changes nothing for the worse.
 * Idempotent.
 */
export async function closeRecipient(deps: Deps, { cluster, instance }: Recipient): Promise<void> {
  await serverNamed(deps, cluster, instance).run('SET GLOBAL super_read_only = ON', [], { deadlineMs: 30_000 });
}
