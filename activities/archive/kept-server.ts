import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ScratchPlace } from '../../workflows/decisions/backups/policy';
import { endServer, type Scratch } from '../backups/scratch/scratch';
import { type Deps } from '../deps';
import { RunbookError } from '../errors';
import { option } from '../mysql/client-file';

/** A restored server that lives on without its worker. */
export interface KeptServer {
  readonly folder: string;
  readonly port: number;
  readonly connect: string;
  readonly stop: string;
}

const [READY, PID] = ['ready.json', 'server.pid'];
const [STOPPED_WITHIN_MS, STARTED_WITHIN_MS] = [120_000, 300_000];

export const keptFolder = (place: ScratchPlace, run: string): string => join(place.folder, `restored-${run}`);

/** What an attempt before this one has left ready; null = nothing. */
export async function findKept(folder: string): Promise<KeptServer | null> {
  const text = await readFile(join(folder, READY), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as KeptServer);
}

/** Of an attempt that died between the scratch server and the kept one: its server is ended, its folder deleted. */
export async function removeHalfKept(folder: string): Promise<void> {
  const pid = Number(await readFile(join(folder, PID), 'utf8').catch(() => '0'));
  if (pid > 0) await endServer(pid, join(folder, 'my.cnf'));
  await rm(folder, { recursive: true, force: true });
}

/**
 * A scratch server becomes one that stays: stopped cleanly, its folder moved to where no worker sweeps, started again as a process of its own,
 * on the same port. It is bound to loopback and read-only for nobody: whoever looks into it may change it. It answers on return.
 * Throws TOOL_FAILED where it does not stop, or does not start again.
 */
export async function keepScratch(
  deps: Deps,
  scratch: Scratch,
  place: ScratchPlace,
  folder: string,
): Promise<KeptServer> {
  const options = await readFile(join(scratch.folder, 'my.cnf'), 'utf8');
  const pidFile = join(scratch.folder, 'mysqld.pid');
  await scratch.mysql.run('SHUTDOWN').catch(() => undefined);
  if (!(await within(STOPPED_WITHIN_MS, async () => !(await exists(pidFile)))))
    throw stuck('does not stop', scratch.folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rename(scratch.dataFolder, join(folder, 'data'));

  const socket = join(await mkdtemp(join(tmpdir(), 'mrr-')), 's');
  const moved = options.replaceAll(scratch.folder, folder).replace(/^socket=.*$/m, `socket=${socket}`);
  await writeFile(join(folder, 'my.cnf'), moved, { mode: 0o600 });
  const client = await writeClientFile(scratch, folder);
  deps.checkpoint('restore:moved');
  const server = spawn(place.mysqld, [`--defaults-file=${join(folder, 'my.cnf')}`], {
    detached: true,
    stdio: 'ignore',
  });
  server.on('error', () => undefined);
  server.unref();
  // At once: who dies here leaves nobody else who knows it.
  writeFileSync(join(folder, PID), String(server.pid ?? 0), { mode: 0o600 });
  const answers = async () => {
    if (server.exitCode !== null) return true;
    return (await scratch.mysql.value('SELECT 1').catch(() => undefined)) !== undefined;
  };
  if (!(await within(STARTED_WITHIN_MS, answers)) || server.exitCode !== null)
    throw stuck('does not start again', folder);
  deps.checkpoint('restore:kept');
  const kept: KeptServer = {
    folder,
    port: scratch.port,
    connect: `mysql --defaults-file=${client}`,
    // Over TCP the first command returns while the server still stops: a folder that goes then leaves it spinning.
    stop: `mysqladmin --defaults-file=${client} shutdown && tail --pid=${server.pid ?? 0} -f /dev/null && rm -r ${folder} ${dirname(socket)}`,
  };
  await writeFile(join(folder, `${READY}.new`), JSON.stringify(kept), { mode: 0o600 });
  await rename(join(folder, `${READY}.new`), join(folder, READY));
  return kept;
}

async function writeClientFile(scratch: Scratch, folder: string): Promise<string> {
  const account = scratch.cluster.accounts.admin;
  const client = join(folder, 'client.cnf');
  const lines = [
    '[client]',
    option('user', account.user),
    option('password', await scratch.secret(account.password)),
    'host=127.0.0.1',
    `port=${scratch.port}`,
    'protocol=tcp',
  ];
  await writeFile(client, `${lines.join('\n')}\n`, { mode: 0o600 });
  return client;
}

async function within(ms: number, isSo: () => Promise<boolean>): Promise<boolean> {
  for (const until = Date.now() + ms; Date.now() < until;) {
    if (await isSo()) return true;
    await pause(100);
  }
  return false;
}

const stuck = (how: string, folder: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `the restored server ${how}`,
    hint: `Read ${join(folder, 'error.log')} on the worker.`,
  });

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
