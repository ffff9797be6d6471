import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../../lab';
import { DataSide } from './data-side';
import { insertServers, instanceAt, READERS, serverRow, tell, WRITERS } from './fleet';
import { StandIn } from './stand-in';

/** A stand-in that clients go through: its admin interface, its client side, its monitor. */
export interface Front {
  readonly name: string;
  readonly proxy: StandIn;
  readonly data: DataSide;
}

export interface Fronts {
  readonly members: readonly Front[];
  readonly stop: () => Promise<void>;
}

const ADMIN = { user: 'radmin', password: 'secret' };
/** Faster than any real one's (a second and more), so that it has more chances to undo us. */
const MONITOR_EVERY_MS = 100;
const MONITOR_TIMEOUT_MS = 300;
const CLUSTER_CHECK_EVERY_MS = 200;

/** A ProxySQL cluster in front of a lab, instead of its router in the inventory; db1 takes the writes. */
export async function startFronts(lab: Lab, names: readonly string[]): Promise<Fronts> {
  const members: Front[] = [];
  const ends: (() => void)[] = [];
  const stop = async () => {
    for (const end of ends) end();
    for (const { data } of members) data.stop();
    await Promise.all(members.map(({ proxy }) => proxy.stop()));
  };
  try {
    for (const name of names) {
      const proxy = new StandIn({ [ADMIN.user]: ADMIN.password });
      await proxy.start();
      const tls = dirname(lab.state.tls.ca);
      const file = (one: string) => readFileSync(join(tls, one));
      const data = new DataSide(proxy, {
        hostgroup: WRITERS,
        accounts: passwordsOf(lab, ['admin', 'app']),
        tls: { cert: file('server.pem'), key: file('server-key.pem') },
      });
      await data.start();
      members.push({ name, proxy, data });
      await declareServers(lab, proxy);
      ends.push(watchReadOnly(lab, proxy));
    }
    ends.push(keepAlike(members.map(({ proxy }) => proxy)));
    declareRouters(lab, members);
  } catch (error) {
    await stop();
    throw error;
  }
  return { members, stop };
}

const passwordsOf = (lab: Lab, names: readonly ('admin' | 'app')[]): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [lab.accounts[name].user, readFileSync(lab.accounts[name].passwordFile, 'utf8')]),
  );

async function declareServers(lab: Lab, proxy: StandIn): Promise<void> {
  const login = { host: '127.0.0.1', port: proxy.port, ...ADMIN };
  // mysql-monitor_writer_is_also_reader is true unless somebody says otherwise.
  const servers = lab.servers.map(({ name, port }) => instanceAt(name, port));
  const rows = [serverRow(WRITERS, servers[0]!), ...servers.map((server) => serverRow(READERS, server))];
  for (const statement of [
    insertServers(...rows),
    `INSERT INTO mysql_replication_hostgroups (writer_hostgroup, reader_hostgroup, check_type, comment) VALUES (${WRITERS}, ${READERS}, 'read_only', '')`,
    'LOAD MYSQL SERVERS TO RUNTIME',
    'SAVE MYSQL SERVERS TO DISK',
  ])
    await tell(login, statement);
}

function declareRouters(lab: Lab, members: readonly Front[]): void {
  const secret = join(lab.folder, 'proxysql-secret');
  writeFileSync(secret, ADMIN.password, { mode: 0o600 });
  const fleet = parse(readFileSync(lab.inventoryPath, 'utf8')) as { clusters: Record<string, { routers?: object[] }> };
  fleet.clusters[lab.cluster]!.routers = members.map(({ name, proxy, data }) => ({
    kind: 'proxysql',
    name,
    admin: `127.0.0.1:${proxy.port}`,
    account: { user: ADMIN.user, password: { file: secret } },
    writers: WRITERS,
    readers: READERS,
    writeAddress: `127.0.0.1:${data.port}`,
  }));
  writeFileSync(lab.inventoryPath, stringify(fleet));
}

/** The read_only monitor, asking real servers. Returns its end. */
function watchReadOnly(lab: Lab, proxy: StandIn): () => void {
  const lines = new Map<string, Promise<Connection>>();
  const { user, passwordFile } = lab.accounts.app;
  const password = readFileSync(passwordFile, 'utf8');
  const open = async (at: string): Promise<Connection> => {
    const [host = '', port = ''] = at.split(':');
    const connectTimeout = MONITOR_TIMEOUT_MS;
    const connection = await createConnection({ host, port: Number(port), user, password, connectTimeout });
    connection.on('error', () => undefined); // the next question finds out
    return connection;
  };
  const drop = (at: string) => {
    void lines.get(at)?.then(
      (connection) => connection.destroy(),
      () => undefined,
    );
    lines.delete(at);
  };
  const ask = async (at: string): Promise<boolean | 'silent'> => {
    try {
      const line = lines.get(at) ?? open(at);
      lines.set(at, line);
      const sql = 'SELECT @@global.read_only AS closed';
      const [rows] = await (await line).query({ sql, timeout: MONITOR_TIMEOUT_MS });
      return (rows as { closed: number }[])[0]?.closed === 1;
    } catch {
      drop(at);
      return 'silent';
    }
  };
  const end = repeatedly(MONITOR_EVERY_MS, async () => {
    const asked = proxy.hostgroups.monitored();
    const answers = await Promise.all(asked.map(ask));
    asked.forEach((at, index) => proxy.readOnly.set(at, answers[index]!));
    proxy.monitor()();
  });
  return () => {
    end();
    for (const at of lines.keys()) drop(at);
  };
}

/** Each copies the servers of whoever has loaded later, once three checks have found that they differ. A hung one is not asked. */
function keepAlike(proxies: readonly StandIn[]): () => void {
  const differed = new Map<StandIn, number>();
  return repeatedly(CLUSTER_CHECK_EVERY_MS, () => {
    for (const proxy of proxies.filter(({ hung }) => !hung)) {
      const newer = proxies.find(
        (other) => !other.hung && other.loadedAt > proxy.loadedAt && other.checksum() !== proxy.checksum(),
      );
      differed.set(proxy, newer ? (differed.get(proxy) ?? 0) + 1 : 0);
      if (newer && differed.get(proxy)! >= 3) proxy.copyServersOf(newer);
    }
    return Promise.resolve();
  });
}

function repeatedly(everyMs: number, work: () => Promise<void>): () => void {
  let over = false;
  const again = () => {
    if (over) return;
    void work().finally(() => setTimeout(again, everyMs).unref());
  };
  again();
  return () => {
    over = true;
  };
}
