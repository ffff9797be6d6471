import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { schemaStatements } from '../activities/mysql/schema';
import { sendWritesTo, startHaproxy } from './haproxy';
import { backupGrants } from './mysqld/accounts';
import { type AnyRelease, type OldServer, startOldServer } from './mysqld/old-server';
import { type LabRouter, type LabServer, type LabState } from './options';
import { releasePortsOf, reservePorts } from './ports';
import { end, markOf } from './processes';
import { answerReplacements, type Replacing } from './replacing';
import { findHaproxy } from './programs/haproxy';
import { type Progress } from './programs/progress';
import { runAll, type Door } from './sql';

/** A cluster before its upgrade: servers of the old release that replicate, empty ones of the new, HAProxy in front, the inventory. */
export interface TwoFleets {
  readonly cluster: string;
  readonly folder: string;
  readonly inventory: string;
  readonly haproxy: LabRouter;
  readonly names: readonly string[];
  readonly at: (name: string) => OldServer;
  readonly stop: () => Promise<void>;
}

export interface TwoFleetsOptions {
  readonly blue: AnyRelease;
  readonly green: AnyRelease;
  /** Servers of each. Default 2. No green one: the blue ones are replaced in place, by a command in the inventory. */
  readonly blueServers?: number;
  readonly greenServers?: number;
  readonly cluster?: string;
  /** Beside the cluster's own lines of the inventory. */
  readonly declared?: object;
  readonly onProgress?: Progress;
}

export const PASSWORD = 'upgraded-but-secret';
export const APP = { user: 'app', password: PASSWORD, database: 'shop' } as const;
const SCHEMA = 'runbooks';

/** The way back needs the same character set on both sides, and an account that the old release can log in with. */
const settingsOf = (release: AnyRelease, blue: AnyRelease): string[] => {
  const old = release === '9.7' ? 'replica' : 'slave';
  const latin = ['character-set-server=latin1', 'collation-server=latin1_swedish_ci'];
  const of57 = blue === '5.7.22' ? latin : [];
  const asBefore =
    release === '8.0.12' && blue === '5.7.22' ? ['default-authentication-plugin=mysql_native_password'] : [];
  return [
    `${old}-net-timeout=2`,
    'max-allowed-packet=16M',
    "performance-schema-instrument='wait/lock/metadata/sql/mdl=ON'",
    ...of57,
    ...asBefore,
    // As the old release reads it: the way back would end at the first account that is made.
    ...(release === '9.7' ? ['caching-sha2-password-digest-rounds=5000'] : []),
    ...(release !== '5.7.22' && blue !== '5.7.22'
      ? ['character-set-server=utf8mb4', 'collation-server=utf8mb4_0900_ai_ci', 'event-scheduler=OFF']
      : []),
  ];
};

export async function startTwoFleets(folder: string, options: TwoFleetsOptions): Promise<TwoFleets> {
  const { blue, green, blueServers = 2, greenServers = 2, cluster = 'orders', onProgress } = options;
  const servers = new Map<string, OldServer>();
  const at = (name: string): OldServer => {
    const server = servers.get(name);
    if (!server) throw new Error(`there is no server ${name}`);
    return server;
  };
  const release = (index: number) => (index < blueServers ? blue : green);
  const names = Array.from({ length: blueServers + greenServers }, (_, index) => `db${index + 1}`);
  const running: { haproxy?: LabRouter; replacing?: Replacing } = {};
  const stop = async () => {
    running.replacing?.close();
    if (running.haproxy) await end(markOf(running.haproxy.pid));
    await Promise.all([...servers.values()].map((server) => server.stop()));
    releasePortsOf(folder);
  };
  mkdirSync(folder, { recursive: true });
  try {
    await Promise.all(
      names.map(async (name, index) => {
        const settings = settingsOf(release(index), blue);
        const server = await startOldServer(release(index), join(folder, name), {
          ...{ serverId: index + 1, password: PASSWORD, settings },
          ...(onProgress && { onProgress }),
        });
        servers.set(name, server);
      }),
    );
    for (const name of names) await runAll(at(name).root, mayCopy(at(name).version));
    await formBlue(at, names.slice(0, blueServers));
    const ready = ['SET GLOBAL super_read_only = ON', ...(blue === '5.7.22' ? OLD_COLLATION : [])];
    for (const name of names.slice(blueServers)) await runAll(at(name).root, ready);
    running.haproxy = await routerOf(names, at, folder);
    const inventory = join(folder, 'fleet.yaml');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
    const account = { user: 'runbooks', password: { file: passwordFile } };
    if (greenServers === 0 && green !== '9.7')
      running.replacing = await answerReplacements((name) => at(name).replace(green, settingsOf(green, blue)));
    const written = {
      durability: 'async',
      accounts: { admin: account, replication: account, backup: { ...account, user: BACKUP } },
      instances: names.map((name) => ({ name, host: '127.0.0.1', port: at(name).port })),
      tls: { mode: 'off' },
      routers: [
        {
          kind: 'haproxy',
          name: running.haproxy.name,
          socket: `unix:${running.haproxy.socket}`,
          ...{ writeBackend: 'orders_write', readBackend: 'orders_read' },
          writeAddress: `127.0.0.1:${running.haproxy.writePort}`,
        },
      ],
      upgrade: running.replacing ? { replaceCommand: running.replacing.command } : { green: names.slice(blueServers) },
      ...options.declared,
    };
    writeFileSync(inventory, stringify({ reports: join(folder, 'reports'), clusters: { [cluster]: written } }));
    return { cluster, folder, inventory, haproxy: running.haproxy, names, at, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const OLD_COLLATION = ['SET GLOBAL default_collation_for_utf8mb4 = utf8mb4_general_ci'];

const BACKUP = 'runbooks_backup';

/** Who reads and writes rows, beside the account of the runbooks: for the precheck, the comparison of rows, and a filling. */
const mayCopy = (version: AnyRelease): string[] => [
  'SET SESSION sql_log_bin = 0',
  "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO 'runbooks'@'%'",
  `CREATE USER '${BACKUP}'@'%' IDENTIFIED ${version === '5.7.22' ? '' : 'WITH caching_sha2_password '}BY '${PASSWORD}'`,
  ...backupGrants(`'${BACKUP}'@'%'`, version === '9.7' ? '9.7.0' : version),
  'SET SESSION sql_log_bin = 1',
];

/** What clients write into. */
export const ORDERS_TABLE =
  'CREATE TABLE shop.orders (writer INT, sequence BIGINT, server_uuid CHAR(36), PRIMARY KEY (writer, sequence))';

async function formBlue(at: (name: string) => OldServer, [first = '', ...others]: readonly string[]): Promise<void> {
  const primary = at(first);
  await runAll(primary.root, [
    ...schemaStatements(SCHEMA),
    `INSERT INTO ${SCHEMA}.epoch (epoch, primary_uuid, run) VALUES (1, @@server_uuid, 'by hand')`,
    'CREATE DATABASE shop',
    ORDERS_TABLE,
    `CREATE USER '${APP.user}'@'%' IDENTIFIED WITH mysql_native_password BY '${APP.password}'`,
    `GRANT SELECT, INSERT ON shop.* TO '${APP.user}'@'%'`,
  ]);
  for (const name of others) {
    await runAll(at(name).root, ['SET GLOBAL super_read_only = ON', followStatement(primary), 'START SLAVE']);
  }
}

export const followStatement = ({ port }: OldServer): string =>
  `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${port}, MASTER_USER = 'runbooks',
     MASTER_PASSWORD = '${PASSWORD}', MASTER_AUTO_POSITION = 1, MASTER_HEARTBEAT_PERIOD = 1, MASTER_CONNECT_RETRY = 1`;

/** The lab's own HAProxy in front of all of them; db1 takes the writes. */
async function routerOf(names: readonly string[], at: (name: string) => OldServer, folder: string): Promise<LabRouter> {
  const servers = names.map((name) => ({ name, host: '127.0.0.1', port: at(name).port })) as LabServer[];
  const [write = 0, read = 0] = await reservePorts(2, folder);
  const state = { name: 'two', folder, socketsFolder: folder, servers, started: [], lifetime: 'starter' };
  const router = await startHaproxy(state as unknown as LabState, await findHaproxy(), [write, read]);
  await sendWritesTo(router, servers, 'db1');
  return router;
}

export const rootOf = (fleets: TwoFleets, name: string): Door => fleets.at(name).root;
