import { type Cluster } from '../../workflows/decisions/cluster';
import { type Holdup } from '../../workflows/decisions/holdups';
import { type Deps, serverNamed } from '../deps';
import { withoutLiterals } from '../observe/detail';

interface Row {
  readonly session: number;
  readonly user: string | null;
  readonly ageSeconds: number | null;
  readonly what: Holdup['what'];
  readonly query: string | null;
}

/** A transaction younger than this is the daily bread: it commits, or its client is told at the freeze. */
const LONG_SECONDS = 1;

/**
 * What would hold up a freeze of this server, or be broken by it: long write transactions, table locks, DDL, a global read lock, a
 * backup lock. Our own sessions and replication are no part of it. Changes nothing.
 * Source: MySQL manual, "The metadata_locks Table".
 */
export async function holdupsOn(deps: Deps, cluster: Cluster, name: string): Promise<Holdup[]> {
  const server = serverNamed(deps, cluster, name);
  const { user } = cluster.accounts.admin;
  const [locks, transactions] = await Promise.all([
    server.rows<Row>(
      `SELECT t.PROCESSLIST_ID AS session, t.PROCESSLIST_USER AS user, t.PROCESSLIST_TIME AS ageSeconds, t.PROCESSLIST_INFO AS query,
              CASE WHEN l.OBJECT_TYPE = 'BACKUP LOCK' THEN 'backup lock'
                   WHEN l.OBJECT_TYPE = 'GLOBAL' THEN 'global read lock'
                   WHEN l.LOCK_TYPE = 'SHARED_NO_READ_WRITE' THEN 'table lock'
                   ELSE 'DDL' END AS what
         FROM performance_schema.metadata_locks l
         JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID
        WHERE l.LOCK_STATUS = 'GRANTED' AND t.PROCESSLIST_USER IS NOT NULL AND t.PROCESSLIST_USER <> ?
          AND ((l.OBJECT_TYPE = 'BACKUP LOCK' AND l.LOCK_TYPE = 'SHARED') OR (l.OBJECT_TYPE = 'GLOBAL' AND l.LOCK_TYPE = 'SHARED')
            OR (l.OBJECT_TYPE = 'TABLE' AND l.LOCK_TYPE IN ('SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE', 'SHARED_UPGRADABLE', 'EXCLUSIVE')))
        GROUP BY session, user, ageSeconds, query, what`,
      [user],
    ),
    server.rows<Row>(
      `SELECT x.trx_mysql_thread_id AS session, t.PROCESSLIST_USER AS user, 'transaction' AS what,
              TIMESTAMPDIFF(SECOND, x.trx_started, CONVERT_TZ(NOW(), '+00:00', 'SYSTEM')) AS ageSeconds,
              COALESCE(x.trx_query, t.PROCESSLIST_INFO) AS query
         FROM information_schema.INNODB_TRX x
         JOIN performance_schema.threads t ON t.PROCESSLIST_ID = x.trx_mysql_thread_id
        WHERE x.trx_rows_modified > 0 AND t.PROCESSLIST_USER IS NOT NULL AND t.PROCESSLIST_USER <> ?
       HAVING ageSeconds >= ?`,
      [user, LONG_SECONDS],
    ),
  ]);
  return [...locks, ...transactions].map((row) => ({
    session: row.session,
    user: row.user ?? '',
    ageSeconds: row.ageSeconds ?? 0,
    what: row.what,
    query: withoutLiterals(row.query ?? ''),
  }));
}
