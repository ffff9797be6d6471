import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ScratchPlace } from '../../workflows/decisions/backups/policy';
import { type Scratch } from '../backups/scratch/scratch';
import { option } from '../mysql/client-file';

/** A restored server that lives on without its worker. */
export interface KeptServer {
  readonly folder: string;
  readonly port: number;
  readonly connect: string;
  readonly stop: string;
}

const READY = 'ready.json';
const STOPPED_WITHIN_MS = 120_000;

export const keptFolder = (place: ScratchPlace, run: string): string => join(place.folder, `restored-${run}`);

/** What an attempt before this one has left ready; null = nothing. */
export async function findKept(folder: string): Promise<KeptServer | null> {
  const text = await readFile(join(folder, READY), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as KeptServer);
}

/**
 * A scratch server becomes one that stays: stopped cleanly, its folder moved to where no worker sweeps, started again as a process of its own,
 * on the same port. It is bound to loopback and read-only for nobody: whoever looks into it may change it.
 */
export async function keepScratch(scratch: Scratch, place: ScratchPlace, folder: string): Promise<KeptServer> {
  const options = await readFile(join(scratch.folder, 'my.cnf'), 'utf8');
  const pidFile = join(scratch.folder, 'mysqld.pid');
  await scratch.mysql.run('SHUTDOWN').catch(() => undefined);
  const until = Date.now() + STOPPED_WITHIN_MS;
  while (Date.now() < until && (await exists(pidFile))) await pause(100);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rename(scratch.dataFolder, join(folder, 'data'));

  const socket = join(await mkdtemp(join(tmpdir(), 'mrr-')), 's');
  const moved = options.replaceAll(scratch.folder, folder).replace(/^socket=.*$/m, `socket=${socket}`);
  await writeFile(join(folder, 'my.cnf'), moved, { mode: 0o600 });
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
  spawn(place.mysqld, [`--defaults-file=${join(folder, 'my.cnf')}`], { detached: true, stdio: 'ignore' })
    .on('error', () => undefined)
    .unref();
  const kept: KeptServer = {
    folder,
    port: scratch.port,
    connect: `mysql --defaults-file=${client}`,
    stop: `mysqladmin --defaults-file=${client} shutdown && rm -r ${folder} ${dirname(socket)}`,
  };
  await writeFile(join(folder, READY), JSON.stringify(kept), { mode: 0o600 });
  return kept;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
