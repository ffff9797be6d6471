import { type Mysql } from '../mysql/mysql';
import { killSessions } from '../mysql/sessions';

/**
 * Ends the session by which a replica copies from `source`, where there is one. The thread that collects acknowledgements waits for those it
 * knows, a second at a time, before it looks for new ones; it wakes when one of them leaves. A replica that is alive comes back by itself.
 * `replicaUuid`: server_uuid, which a replica tells as a user variable of its session. Source: MySQL manual, "Semisynchronous Replication".
 */
export async function endDumpSession(source: Mysql, replicaUuid: string): Promise<void> {
  const sessions = await source.rows<{ readonly id: number }>(
    `SELECT threads.PROCESSLIST_ID AS id FROM performance_schema.threads AS threads
       JOIN performance_schema.user_variables_by_thread AS told USING (THREAD_ID)
      WHERE threads.PROCESSLIST_COMMAND LIKE 'Binlog Dump%'
        AND told.VARIABLE_NAME IN ('replica_uuid', 'slave_uuid') AND CONVERT(told.VARIABLE_VALUE USING utf8mb4) = ?`,
    [replicaUuid],
  );
  await killSessions(
    source,
    sessions.map(({ id }) => id),
  );
}
