import { createConnection } from 'mysql2/promise';
import { openRouter, type RouterOptions } from '../../../activities/routing/router';
import { quoteText } from '../../../activities/routing/proxysql/admin';
import { type RouterControl } from '../../../activities/routing/control';
import { type Instance } from '../../../workflows/decisions/cluster';
import { type ProxysqlRouter } from '../../../workflows/decisions/router';

export const WRITERS = 910;
export const READERS = 920;
/** Hostgroups of somebody else's cluster on the same ProxySQL. */
export const FOREIGN = { writers: 930, readers: 940 } as const;

export const instanceAt = (name: string, port: number): Instance => ({
  name,
  host: '127.0.0.1',
  port,
  datacentre: 'a',
  promotion: 'neutral',
  delaySeconds: 0,
  backupSource: false,
});

/** Ports on which nobody listens: which servers are behind it does not matter to the admin interface. */
export const [db1, db2, db3] = [
  instanceAt('db1', 63_101),
  instanceAt('db2', 63_102),
  instanceAt('db3', 63_103),
] as const;
export const INSTANCES = [db1, db2, db3];

export const at = ({ host, port }: Instance): string => `${host}:${port}`;

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export const routerOf = ({ host, port, user }: Login): ProxysqlRouter => ({
  kind: 'proxysql',
  name: 'proxysql-1',
  admin: { host, port },
  tls: { mode: 'off' },
  account: { user, password: { env: 'PROXYSQL_ADMIN_PASSWORD' } },
  writers: WRITERS,
  readers: READERS,
  writeAddress: { host, port: 6033 },
});

/** As the product opens it. */
export const open = (
  login: Login,
  instances: readonly Instance[] = INSTANCES,
  options: RouterOptions = { deadlineMs: 5000 },
  router: ProxysqlRouter = routerOf(login),
): RouterControl => openRouter({ secret: () => Promise.resolve(login.password) }, router, instances, options);

export type Rows = readonly Readonly<Record<string, string | null>>[];

/** One statement, as an operator would type it. */
export async function tell(login: Login, statement: string): Promise<Rows> {
  const connection = await createConnection({ ...login });
  try {
    const [rows] = await connection.query(statement);
    return Array.isArray(rows) ? (rows as unknown as Rows) : [];
  } finally {
    connection.destroy();
  }
}

const row = (hostgroup: number, server: Instance, more: { status?: string; weight?: number; comment?: string } = {}) =>
  `(${hostgroup}, '${server.host}', ${server.port}, 0, '${more.status ?? 'ONLINE'}', ${more.weight ?? 1}, 0, 500, 0, 0, 0, ${quoteText(more.comment ?? '')})`;

export const insertServers = (...rows: string[]): string =>
  `REPLACE INTO mysql_servers (hostgroup_id, hostname, port, gtid_port, status, weight, compression, max_connections, max_replication_lag, use_ssl, max_latency_ms, comment) VALUES ${rows.join(', ')}`;

export const serverRow = row;

/** db1 takes writes, db2 and db3 reads; weights and comments that must survive everything. Loaded and saved. */
export async function setUp(login: Login): Promise<void> {
  await tearDown(login);
  for (const statement of [
    insertServers(
      row(WRITERS, db1, { weight: 7, comment: "the boss's own" }),
      row(READERS, db1, { weight: 1 }),
      row(READERS, db2, { weight: 20, comment: 'big one' }),
      row(READERS, db3, { weight: 30 }),
      row(FOREIGN.writers, instanceAt('other', 63_201), { comment: 'not ours' }),
    ),
    'LOAD MYSQL SERVERS TO RUNTIME',
    'SAVE MYSQL SERVERS TO DISK',
  ])
    await tell(login, statement);
}

export async function tearDown(login: Login): Promise<void> {
  const ours = [WRITERS, READERS, FOREIGN.writers, FOREIGN.readers].join(', ');
  for (const statement of [
    `DELETE FROM mysql_servers WHERE hostgroup_id IN (${ours})`,
    `DELETE FROM mysql_replication_hostgroups WHERE writer_hostgroup IN (${ours})`,
    'LOAD MYSQL SERVERS TO RUNTIME',
    'SAVE MYSQL SERVERS TO DISK',
  ])
    await tell(login, statement);
}
