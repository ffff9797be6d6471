import { type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { type CommitProbe } from '../../workflows/decisions/evidence';
import { RunbookError } from '../errors';
import { type Mysql, type Servers } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { errnoOf } from '../mysql/driver-errors';

/**
 * Commit one row on a server, with a deadline. The row is the heartbeat that replicas' lag is measured by. Never throws: how it
 * failed is the finding. A commit that hangs is looked into from a second connection, because "waits for an acknowledgement"
 * and "waits for disk space" call for opposite actions.
 */
export async function probeCommit(
  servers: Servers,
  cluster: Cluster,
  instance: Instance,
  uuid: string,
  deadlineMs: number,
): Promise<CommitProbe> {
  const server = servers.of(cluster, instance);
  const start = performance.now();
  const outcome = (kind: CommitProbe['outcome'], detail: string): CommitProbe => ({
    outcome: kind,
    elapsedMs: Math.round(performance.now() - start),
    detail,
  });
  try {
    await server.session(
      async (session) => {
        // A commit that waits without end holds its row. Those of the next probes must not queue up behind it for longer than they count.
        await session.run('SET SESSION innodb_lock_wait_timeout = 1, SESSION lock_wait_timeout = 1');
        await session.run(heartbeatStatement(cluster), [uuid]);
      },
      { deadlineMs },
    );
    return outcome('committed', 'committed');
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    if (error.code === 'HOST_TIMED_OUT' || error.code === 'LOCK_WAIT_EXCEEDED') {
      const waiting = await whatItWaitsFor(server);
      return outcome(waiting ?? 'timed out', waiting ? `the session waits: ${waiting}` : error.message);
    }
    return outcome(kindOf(error), error.message);
  }
}

/** The uuid is a value: @@server_uuid in the statement would be unsafe for statement-based replication. */
const heartbeatStatement = (cluster: Cluster): string =>
  `INSERT INTO ${quoteName(cluster.schema)}.heartbeat (server_uuid, written_at, beat) VALUES (?, NOW(6), 1)
   ON DUPLICATE KEY UPDATE written_at = NOW(6), beat = beat + 1`;

const READ_ONLY = new Set([1290, 1836, 1792]);
const DISK_FULL = new Set([1021, 1114, 1030, 3, 1026, 1598]);

function kindOf(error: RunbookError): CommitProbe['outcome'] {
  const errno = errnoOf(error);
  if (READ_ONLY.has(errno)) return 'read only';
  if (DISK_FULL.has(errno) && /disk|space|full|errno: 28/i.test(error.message)) return 'disk full';
  if (error.code === 'HOST_UNREACHABLE' || error.code === 'CONNECTION_LOST') return 'no connection';
  if (error.code === 'AUTHENTICATION_FAILED' || error.code === 'MISSING_PRIVILEGE') return 'denied';
  return 'failed';
}

/** Source: MySQL manual, "General Thread States" and "Semisynchronous Replication Monitoring". */
async function whatItWaitsFor(server: Mysql): Promise<CommitProbe['outcome'] | null> {
  try {
    const states = await server.rows<{ state: string }>(
      `SELECT DISTINCT PROCESSLIST_STATE AS state FROM performance_schema.threads
       WHERE PROCESSLIST_USER IS NOT NULL AND (PROCESSLIST_STATE LIKE '%semi-sync ACK%' OR PROCESSLIST_STATE LIKE '%disk space%' OR PROCESSLIST_STATE LIKE '%semi_sync%')`,
      [],
      { deadlineMs: 300 },
    );
    const said = states.map((row) => row.state).join(' ');
    if (/disk space/i.test(said)) return 'disk full';
    if (/semi.sync/i.test(said)) return 'blocked by semi-sync';
    return null;
  } catch {
    return null;
  }
}
