import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverNamed } from '../deps';
import { killSessions } from '../mysql/sessions';

export interface LeftSessions {
  readonly user: string;
  readonly sessions: number;
}

/**
 * End what clients have left on a server that was the primary, whichever way they came, before reads are led to it: each would be told that
 * it is read-only for as long as its pool keeps it. Our own sessions and those of replication are none of them. Idempotent. Returns what
 * was ended, by user.
 */
export async function endSessions(
  deps: Deps,
  { cluster, name }: { readonly cluster: Cluster; readonly name: string },
): Promise<LeftSessions[]> {
  const server = serverNamed(deps, cluster, name);
  const left = await server.rows<{ id: number; user: string }>(
    `SELECT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user FROM performance_schema.threads
      WHERE TYPE = 'FOREGROUND' AND PROCESSLIST_USER NOT IN (?, ?, 'event_scheduler', 'system user')
        AND PROCESSLIST_COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')`,
    [cluster.accounts.admin.user, cluster.accounts.replication.user],
  );
  await killSessions(
    server,
    left.map(({ id }) => id),
  );
  const users = [...new Set(left.map(({ user }) => user))].sort();
  return users.map((user) => ({ user, sessions: left.filter((one) => one.user === user).length }));
}
