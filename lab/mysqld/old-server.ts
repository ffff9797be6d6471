import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInBackground } from '../background';
import { type Lifetime } from '../options';
import { end, type ProcessMark } from '../processes';
import { releasePortsOf, reservePorts } from '../ports';
import { findMysql } from '../programs/mysql';
import { findOldMysql, type OldRelease } from '../programs/old-mysql';
import { type Progress } from '../programs/progress';
import { runTool } from '../programs/tool';
import { runAll, type Door } from '../sql';
import { adminGrants } from './accounts';
import { accepts } from './server';
import { renewSystemTables } from './system-tables';

/** `9.7`: the one of the lab. */
export type AnyRelease = OldRelease | '9.7';

export interface OldServer {
  readonly version: AnyRelease;
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  /** root through the unix socket. */
  readonly root: Door;
  /** Account `runbooks` for TCP, with the grants of docs/security.md. */
  readonly account: { readonly user: string; readonly password: string };
  /** The next release on the same data, as an upgrade in place does it. `settings` instead of those of before. Running already is success. */
  replace(version: OldRelease, settings: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** What stays when the program is another. */
interface Place {
  readonly folder: string;
  readonly socket: string;
  readonly port: number;
  readonly serverId: number;
  readonly lifetime: Lifetime;
  readonly onProgress?: Progress | undefined;
}

const STOPS_WITHIN_MS = 60_000;
/** A dictionary of tables is written anew on the way. */
const UPGRADED_WITHIN_MS = 180_000;

/** One empty server of any release with GTIDs and binary logs, alone, to read and to replicate from. Takes about 3 s. `settings`: more `name=value` lines. */
export async function startOldServer(
  version: AnyRelease,
  folder: string,
  {
    lifetime = 'starter',
    settings = [],
    serverId = 57,
    password = randomBytes(18).toString('base64url'),
    onProgress,
  }: {
    lifetime?: Lifetime;
    settings?: readonly string[];
    serverId?: number;
    password?: string;
    onProgress?: Progress;
  } = {},
): Promise<OldServer> {
  const isNew = version === '9.7';
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [port = 0] = await reservePorts(1, folder);
  const sockets = mkdtempSync(join(tmpdir(), 'mrb-'));
  const place: Place = { folder, socket: join(sockets, 's'), port, serverId, lifetime, onProgress };
  const root: Door = { socketPath: place.socket, user: 'root', password: '' };
  const first = await configure(version, place, settings);
  await runTool(first.mysqld, [`--defaults-file=${first.options}`, '--initialize-insecure'], { deadlineMs: 120_000 });
  const running = { version, mark: launch(first, place) };
  const stop = async () => {
    await end(running.mark);
    rmSync(folder, { recursive: true, force: true });
    rmSync(sockets, { recursive: true, force: true });
    releasePortsOf(folder);
  };
  const replace: OldServer['replace'] = async (next, theirs) => {
    if (running.version === next) return;
    await end(running.mark, STOPS_WITHIN_MS);
    const program = await configure(next, place, theirs);
    const errorLog = join(folder, 'error.log');
    running.mark = launch(program, place, BEFORE_ITS_TABLES);
    await accepts(root, running.mark, UPGRADED_WITHIN_MS, errorLog);
    await renewSystemTables(root, join(program.basedir, 'share'));
    await end(running.mark, STOPS_WITHIN_MS);
    running.mark = launch(program, place);
    await accepts(root, running.mark, UPGRADED_WITHIN_MS, errorLog);
    running.version = next;
  };
  try {
    await accepts(root, running.mark, 60_000, join(folder, 'error.log'));
    const account = { user: 'runbooks', password };
    await runAll(root, [
      'SET SESSION sql_log_bin = 0',
      `CREATE USER 'runbooks'@'%' IDENTIFIED WITH ${isNew ? 'caching_sha2_password' : 'mysql_native_password'} BY '${account.password}'`,
      ...adminGrants("'runbooks'@'%'", isNew ? '9.7.0' : version),
    ]);
    return {
      ...{ folder, host: '127.0.0.1', port, root, account, replace, stop },
      get version() {
        return running.version;
      },
      get pid() {
        return running.mark.pid;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Configured {
  readonly mysqld: string;
  readonly basedir: string;
  /** Its option file. */
  readonly options: string;
}

/** No channel is read, and nobody else comes in, before its tables are those of this release. */
const BEFORE_ITS_TABLES = [
  ...['--skip-slave-start', '--skip-networking', '--skip-grant-tables'],
  ...['--master-info-repository=FILE', '--relay-log-info-repository=FILE'],
];

const launch = (
  { mysqld, options }: Configured,
  { folder, lifetime }: Place,
  more: readonly string[] = [],
): ProcessMark =>
  startInBackground(mysqld, [`--defaults-file=${options}`, ...more], { log: join(folder, 'error.log'), lifetime });

async function configure(
  version: AnyRelease,
  { folder, socket, port, serverId, onProgress }: Place,
  settings: readonly string[],
): Promise<Configured> {
  const isNew = version === '9.7';
  const program = isNew ? await findMysql(onProgress) : await findOldMysql(version, onProgress);
  const options = join(folder, 'my.cnf');
  const located = Object.entries(program.options).map(([name, value]) => `${name}=${value}`);
  const lines = [
    ...located,
    ...(process.getuid?.() === 0 ? ['user=root'] : []),
    `datadir=${folder}/data`,
    `socket=${socket}`,
    `port=${port}`,
    'bind-address=127.0.0.1',
    `server-id=${serverId}`,
    'gtid-mode=ON',
    'enforce-gtid-consistency=ON',
    'log-bin=binlog',
    isNew ? 'log-replica-updates=ON' : 'log-slave-updates=ON',
    'binlog-format=ROW',
    'secure-file-priv=',
    'innodb-buffer-pool-size=32M',
    'table-open-cache=200',
    'table-definition-cache=400',
    'max-connections=60',
    ...(version === '5.7.22' ? [] : ['mysqlx=OFF']),
    ...settings,
  ];
  writeFileSync(options, `[mysqld]\n${lines.join('\n')}\n`);
  return { mysqld: program.mysqld, basedir: program.options['basedir'] ?? '', options };
}
