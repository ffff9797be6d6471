import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ScratchPlace } from '../../../workflows/decisions/backups/policy';
import { type Cluster, type Instance, type SecretReference } from '../../../workflows/decisions/cluster';
import { RunbookError } from '../../errors';
import { systemCode } from '../../inventory/system-code';
import { type Mysql } from '../../mysql/mysql';
import { type KeptServers, openServers } from '../../mysql/servers';
import { endingOf, lastLine, runProgram } from '../../programs/run';
import { isRunning, type Owner, ownerOf } from './owner';

/** A server of our own on the worker's machine: loopback only, no events, no binary log, follows nobody by itself. */
export interface Scratch {
  readonly folder: string;
  readonly dataFolder: string;
  readonly port: number;
  readonly mysql: Mysql;
  /** As a cluster of one instance: for whatever works on those. */
  readonly cluster: Cluster;
  readonly instance: Instance;
  readonly secret: (reference: SecretReference) => Promise<string>;
  /** Ends the server and deletes everything of it. */
  destroy(): Promise<void>;
}

export interface ScratchOrder {
  /** Part of the folder's name. */
  readonly name: string;
  /** Variables that the data was made with: they cannot be changed afterwards. */
  readonly settings: Readonly<Record<string, string>>;
  /** Fills an empty data folder before the server starts; left out = a new one is initialised. */
  readonly fill?: (dataFolder: string) => Promise<void>;
  /** Ends the server at once, so that whoever waits for an answer of it need not: what they are told is an error, and `destroy` is still theirs. */
  readonly stopped?: AbortSignal | undefined;
}

const INITIALISED_WITHIN_MS = 300_000;
const OWNER = 'owner.json';
const PREFIX = 'scratch-';
/** Servers of ours that a source sees as a replica are told apart by it. */
const SERVER_IDS = { from: 4_000_000_000, below: 4_294_967_295 };

/**
 * Start a scratch server in a folder of its own below the place. What workers that died have left there is ended and deleted first.
 * Throws TOOL_MISSING, TOOL_FAILED with the server's own words, and what `fill` throws; nothing is left then.
 */
export async function startScratch(place: ScratchPlace, order: ScratchOrder): Promise<Scratch> {
  await sweepScratches(place.folder);
  const folder = join(place.folder, `${PREFIX}${order.name}`);
  await mkdir(folder, { mode: 0o700 });
  // A socket's path may be 107 bytes long.
  const sockets = await mkdtemp(join(tmpdir(), 'mrs-'));
  let child: ChildProcess | null = null;
  let servers: KeptServers | null = null;
  const kill = () => void child?.kill('SIGKILL');
  order.stopped?.addEventListener('abort', kill);
  const destroy = async () => {
    order.stopped?.removeEventListener('abort', kill);
    await servers?.close();
    await endChild(child);
    // Its last moments may still write there.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    await rm(sockets, { recursive: true, force: true });
  };
  try {
    await claim(folder, { sockets });
    const dataFolder = join(folder, 'data');
    const port = await freePort();
    const password = randomBytes(24).toString('base64url');
    const options = await writeOptions(place, order, { folder, dataFolder, port, socket: join(sockets, 's') });
    if (order.fill) {
      await mkdir(dataFolder, { mode: 0o700 });
      await order.fill(dataFolder);
    } else await initialise(place.mysqld, options, order.stopped);
    order.stopped?.throwIfAborted();
    const init = join(folder, 'init.sql');
    await writeFile(init, accountStatements(password), { mode: 0o600 });

    const args = [`--defaults-file=${options}`, `--init-file=${init}`];
    const started = spawn(place.mysqld, args, { stdio: 'ignore' });
    child = started;
    if (order.stopped?.aborted) kill();
    let notStarted: string | null = null;
    started.on('error', (error) => (notStarted = systemCode(error)));
    await claim(folder, { sockets, server: started.pid ?? 0 });
    const { cluster, instance } = asCluster(order.name, port);
    const secret = () => Promise.resolve(password);
    servers = openServers({ secrets: secret });
    const mysql = servers.of(cluster, instance);
    await answers(
      mysql,
      () => {
        const ending = started.exitCode ?? started.signalCode;
        return notStarted ?? (ending === null ? null : `ended with ${ending}`);
      },
      folder,
    );
    await rm(init, { force: true });
    return { folder, dataFolder, port, mysql, cluster, instance, secret, destroy };
  } catch (error) {
    await destroy();
    throw error;
  }
}

const claim = async (folder: string, more: Pick<Owner, 'sockets'> & Partial<Owner>): Promise<void> =>
  writeFile(join(folder, OWNER), JSON.stringify({ ...(await ownerOf(process.pid)), ...more }), { mode: 0o600 });

/** End and delete scratch servers whose worker is gone. Returns their names. */
export async function sweepScratches(place: string): Promise<string[]> {
  await mkdir(place, { recursive: true, mode: 0o700 });
  const swept: string[] = [];
  for (const name of (await readdir(place)).filter((one) => one.startsWith(PREFIX))) {
    const folder = join(place, name);
    const owner = await readOwner(folder);
    if (owner && (await isRunning(owner))) continue;
    if (owner?.server) await endServer(owner.server, join(folder, 'my.cnf'));
    if (owner?.sockets.startsWith(join(tmpdir(), 'mrs-'))) await rm(owner.sockets, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
    swept.push(name.slice(PREFIX.length));
  }
  return swept;
}

async function readOwner(folder: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(join(folder, OWNER), 'utf8')) as Owner;
  } catch {
    return null;
  }
}

/** Of a worker that is gone. The process is its only if it was started with its option file: pids are used again. */
export async function endServer(pid: number, optionFile: string): Promise<void> {
  for (;;) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!words.split('\0').includes(`--defaults-file=${optionFile}`)) return;
    process.kill(pid, 'SIGKILL');
    await pause(50);
  }
}

async function endChild(child: ChildProcess | null): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function writeOptions(
  place: ScratchPlace,
  { settings }: ScratchOrder,
  at: { readonly folder: string; readonly dataFolder: string; readonly port: number; readonly socket: string },
): Promise<string> {
  const lines: Record<string, string | number> = {
    ...settings,
    ...{ datadir: at.dataFolder, socket: at.socket, port: at.port, 'bind-address': '127.0.0.1', mysqlx: 'OFF' },
    ...{ 'pid-file': join(at.folder, 'mysqld.pid'), 'log-error': join(at.folder, 'error.log'), 'secure-file-priv': '' },
    ...{ 'server-id': randomInt(SERVER_IDS.from, SERVER_IDS.below), 'gtid-mode': 'ON' },
    ...{ 'enforce-gtid-consistency': 'ON', 'disable-log-bin': '', 'log-replica-updates': 'OFF' },
    // What it restores is somebody's production: nothing of it may begin to run.
    ...{ 'event-scheduler': 'OFF', 'skip-replica-start': 'ON', 'relay-log': 'relay', 'replica-net-timeout': 10 },
    ...{ 'replica-parallel-workers': 4, 'max-allowed-packet': '1G', 'max-connections': 100 },
    // It is thrown away: a crash of it costs a repeat, not data.
    ...{ 'innodb-flush-log-at-trx-commit': 0, 'innodb-doublewrite': 'OFF', 'innodb-redo-log-capacity': '512M' },
    ...{ 'innodb-buffer-pool-size': `${place.bufferPoolMegabytes}M`, 'innodb-buffer-pool-load-at-startup': 'OFF' },
    ...(process.getuid?.() === 0 && { user: 'root' }),
    ...place.options,
  };
  const file = join(at.folder, 'my.cnf');
  const written = Object.entries(lines).map(([name, value]) =>
    value === '' && name !== 'secure-file-priv' ? name : `${name}=${value}`,
  );
  await writeFile(file, `[mysqld]\n${written.join('\n')}\n`, { mode: 0o600 });
  return file;
}

async function initialise(mysqld: string, options: string, stopped?: AbortSignal): Promise<void> {
  const ended = await runProgram([mysqld, `--defaults-file=${options}`, '--initialize-insecure'], {
    deadlineMs: INITIALISED_WITHIN_MS,
    ...(stopped && { signal: stopped }),
  });
  stopped?.throwIfAborted();
  if (ended.how === 'not started') throw notThere(mysqld, ended.because);
  const failed = endingOf(ended, INITIALISED_WITHIN_MS);
  if (failed === '') return;
  throw new RunbookError({
    code: 'TOOL_FAILED',
    message: `${mysqld} made no data folder: it ${failed}: ${(await lastErrors(join(options, '..'))) || lastLine(ended.stderr)}`,
    hint: 'Correct backups.scratch in the inventory.',
  });
}

const notThere = (mysqld: string, because: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_MISSING',
    message: `${mysqld} cannot be started on this worker (${because})`,
    hint: 'Correct backups.scratch.mysqld in the inventory, or install the server there.',
  });

/** Before it listens: nobody else ever gets in. What came with a physical copy keeps its accounts, and nobody can reach them but from here. */
const accountStatements = (password: string): string =>
  [
    "CREATE USER IF NOT EXISTS 'runbook_scratch'@'127.0.0.1'",
    "CREATE USER IF NOT EXISTS 'runbook_scratch'@'localhost'",
    `ALTER USER 'runbook_scratch'@'127.0.0.1' IDENTIFIED BY '${password}'`,
    `ALTER USER 'runbook_scratch'@'localhost' IDENTIFIED BY '${password}'`,
    "GRANT ALL ON *.* TO 'runbook_scratch'@'127.0.0.1' WITH GRANT OPTION",
    "GRANT ALL ON *.* TO 'runbook_scratch'@'localhost' WITH GRANT OPTION",
    `ALTER USER IF EXISTS 'root'@'localhost' IDENTIFIED BY '${password}'`,
  ]
    .map((statement) => `${statement};\n`)
    .join('');

async function answers(mysql: Mysql, ended: () => string | null, folder: string): Promise<void> {
  for (;;) {
    try {
      await mysql.value('SELECT 1');
      return;
    } catch (error) {
      const how = ended();
      if (how === null && error instanceof RunbookError && error.code !== 'AUTHENTICATION_FAILED') {
        await pause(50);
        continue;
      }
      throw new RunbookError({
        code: 'TOOL_FAILED',
        message: `the scratch server ${how ?? 'does not let us in'}: ${await lastErrors(folder)}`,
        hint: 'Compare its release with that of the backup, and backups.scratch.options with what it says.',
        cause: error,
      });
    }
  }
}

async function lastErrors(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'error.log'), 'utf8').catch(() => '');
  const errors = log.split('\n').filter((line) => line.includes('[ERROR]'));
  return errors.slice(-2).join(' | ').slice(0, 500) || 'it said nothing';
}

/** Free a moment ago; a server that loses the race says so and is tried again. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const at = probe.address();
      probe.close(() => resolve(typeof at === 'object' && at ? at.port : 0));
    });
  });

function asCluster(name: string, port: number): { readonly cluster: Cluster; readonly instance: Instance } {
  const account = { user: 'runbook_scratch', password: { env: 'scratch' } };
  const instance: Instance = {
    ...{
      name: 'scratch',
      host: '127.0.0.1',
      port,
      datacentre: '',
      promotion: 'must_not',
      delaySeconds: 0,
      backupSource: false,
    },
  };
  const cluster: Cluster = {
    ...{ name: `scratch ${name}`, durability: 'async', instances: [instance], routers: [], schema: 'runbooks' },
    accounts: { admin: account, replication: account },
    tls: { mode: 'encrypt' },
    failover: {
      ...{ mode: 'approve', holdDownSeconds: 1, atMost: { failovers: 1, perMinutes: 60 }, approvalMinutes: 1 },
      applyStallSeconds: 60,
    },
  };
  return { cluster, instance };
}
