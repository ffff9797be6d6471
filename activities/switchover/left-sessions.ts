import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, serverNamed } from '../deps';
import { type Mysql } from '../mysql/mysql';
import { killSessions } from '../mysql/sessions';

export interface LeftSessions {
  readonly user: string;
  readonly sessions: number;
}

/** The highest session number that this server has given; null when it does not say. Never throws. */
export const newestSessionOn = (server: Mysql): Promise<number | null> =>
  server.value('SELECT MAX(PROCESSLIST_ID) FROM performance_schema.threads').then(
    (newest) => (newest === null || newest === undefined ? null : Number(newest)),
    () => null,
  );

/**
 * End what clients have left on a server that was the primary: sessions up to this number, of whichever way past or through the routers.
 * They were opened to a primary, and each would be told that it is read-only for as long as its pool keeps it. Later sessions came to a
 * replica and stay. Our own and those of replication are none of them. Idempotent. Returns what was ended, by user.
 */
export async function endSessions(
  deps: Deps,
  { cluster, name, upTo }: { readonly cluster: Cluster; readonly name: string; readonly upTo: number },
): Promise<LeftSessions[]> {
  const server = serverNamed(deps, cluster, name);
  const left = await server.rows<{ id: number; user: string }>(
    `SELECT PROCESSLIST_ID AS id, PROCESSLIST_USER AS user FROM performance_schema.threads
      WHERE TYPE = 'FOREGROUND' AND PROCESSLIST_ID <= ? AND PROCESSLIST_USER NOT IN (?, ?, 'event_scheduler', 'system user')
        AND PROCESSLIST_COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')`,
    [upTo, cluster.accounts.admin.user, cluster.accounts.replication.user],
  );
  await killSessions(
    server,
    left.map(({ id }) => id),
  );
  const users = [...new Set(left.map(({ user }) => user))].sort();
  return users.map((user) => ({ user, sessions: left.filter((one) => one.user === user).length }));
}
