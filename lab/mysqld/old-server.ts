import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startInBackground } from '../background';
import { type Lifetime } from '../options';
import { end } from '../processes';
import { releasePortsOf, reservePorts } from '../ports';
import { findMysql } from '../programs/mysql';
import { findOldMysql, type OldRelease } from '../programs/old-mysql';
import { type Progress } from '../programs/progress';
import { runTool } from '../programs/tool';
import { runAll, type Door } from '../sql';
import { adminGrants } from './accounts';
import { accepts } from './server';

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
  stop(): Promise<void>;
}

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
  const program = version === '9.7' ? await findMysql(onProgress) : await findOldMysql(version, onProgress);
  const isNew = version === '9.7';
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [port = 0] = await reservePorts(1, folder);
  const sockets = mkdtempSync(join(tmpdir(), 'mrb-'));
  const socket = join(sockets, 's');
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
  const errorLog = join(folder, 'error.log');
  await runTool(program.mysqld, [`--defaults-file=${options}`, '--initialize-insecure'], { deadlineMs: 120_000 });
  const mark = startInBackground(program.mysqld, [`--defaults-file=${options}`], { log: errorLog, lifetime });
  const stop = async () => {
    await end(mark);
    rmSync(folder, { recursive: true, force: true });
    rmSync(sockets, { recursive: true, force: true });
    releasePortsOf(folder);
  };
  try {
    const root: Door = { socketPath: socket, user: 'root', password: '' };
    await accepts(root, mark, 60_000, errorLog);
    const account = { user: 'runbooks', password };
    await runAll(root, [
      'SET SESSION sql_log_bin = 0',
      `CREATE USER 'runbooks'@'%' IDENTIFIED WITH ${isNew ? 'caching_sha2_password' : 'mysql_native_password'} BY '${account.password}'`,
      ...adminGrants("'runbooks'@'%'", isNew ? '9.7.0' : version),
    ]);
    return { version, folder, host: '127.0.0.1', port, pid: mark.pid, root, account, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
