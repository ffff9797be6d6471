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

interface Waits {
  readonly forAcknowledgement: string | null;
  readonly forSpace: number;
  readonly inCommit: number;
}

/**
 * The thread state "Waiting for semi-sync ACK" proves nothing: the plugin's own thread always shows it. The counter does. A full disk
 * has no state of its own in recent releases: the commit hangs and the error log says errno 28, once in ten minutes.
 * Source: MySQL manual, "Semisynchronous Replication Monitoring", "How MySQL Handles a Full Disk", "The error_log Table".
 */
async function whatItWaitsFor(server: Mysql): Promise<CommitProbe['outcome'] | null> {
  try {
    const [waits] = await server.rows<Waits>(
      `SELECT (SELECT MAX(VARIABLE_VALUE) FROM performance_schema.global_status
                WHERE VARIABLE_NAME IN ('Rpl_semi_sync_source_wait_sessions', 'Rpl_semi_sync_master_wait_sessions')) AS forAcknowledgement,
              COALESCE(SUM(PROCESSLIST_STATE LIKE '%disk space%'), 0) AS forSpace,
              COALESCE(SUM(PROCESSLIST_STATE = 'waiting for handler commit' AND PROCESSLIST_INFO LIKE 'INSERT INTO %heartbeat%'), 0) AS inCommit
         FROM performance_schema.threads`,
      [],
      { deadlineMs: 300 },
    );
    if (Number(waits?.forSpace) > 0) return 'disk full';
    if (Number(waits?.forAcknowledgement) > 0) return 'blocked by semi-sync';
    return Number(waits?.inCommit) > 0 && (await saidDiskFull(server)) ? 'disk full' : null;
  } catch {
    return null;
  }
}

/** Releases before 8.0.22 have no such table: there a full disk is a commit that does not come back, and a human is asked. */
async function saidDiskFull(server: Mysql): Promise<boolean> {
  const said = await server.value(
    `SELECT COUNT(*) FROM performance_schema.error_log
      WHERE LOGGED > NOW() - INTERVAL 11 MINUTE AND (DATA LIKE '%errno 28 %' OR DATA LIKE '%errno: 28 %')`,
    [],
    { deadlineMs: 300 },
  );
  return Number(said) > 0;
}
