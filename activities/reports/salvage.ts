import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';

/**
 * Copy transactions that only `name` has out of its binary logs into one SQL file that mysql can replay, with the rows readable
 * as comments. Reads by the replication account over the network; nothing on the server changes. The file is named by the
 * server and the set, so a repeat replaces it.
 * Throws TOOL_MISSING (mysqlbinlog is not installed), TOOL_FAILED. Source: MySQL manual, "mysqlbinlog", --include-gtids.
 */
export async function salvageTransactions(deps: Deps, cluster: Cluster, name: string, gtids: string): Promise<string> {
  const folder = join((await deps.inventory()).reports, cluster.name);
  await mkdir(folder, { recursive: true });
  const path = join(
    folder,
    `lost-from-${name}-${gtids
      .replaceAll(/[^0-9a-f:,-]/gi, '')
      .replaceAll(/[:,]/g, '_')
      .slice(0, 80)}.sql`,
  );
  // The watcher and a runbook may copy the same set at the same time: each into a file of its own, and the last rename wins.
  const copy = `${path}.${randomUUID()}.new`;
  try {
    const file = createWriteStream(copy, { mode: 0o600 });
    await readTransactions(deps, cluster, name, gtids, (output) => pipeline(output, file));
    await rename(copy, path);
  } finally {
    await rm(copy, { force: true });
  }
  return path;
}

/**
 * The transactions of `gtids` from the binary logs of `name`, as mysqlbinlog prints them, into `consume` as they come: they may be many.
 * Throws TOOL_MISSING, TOOL_FAILED.
 */
export async function readTransactions(
  deps: Deps,
  cluster: Cluster,
  name: string,
  gtids: string,
  consume: (output: Readable) => Promise<void>,
): Promise<void> {
  const instance = knownInstance(cluster, name);
  const logs = await serverNamed(deps, cluster, name).rows<{ Log_name: string }>('SHOW BINARY LOGS');
  const work = await mkdtemp(join(tmpdir(), 'runbook-salvage-'));
  try {
    // The password goes by a file of ours, never by the command line: process lists are public.
    const options = join(work, 'client.cnf');
    const { user, password } = cluster.accounts.replication;
    await writeFile(options, `[client]\nuser=${quoted(user)}\npassword=${quoted(await deps.secret(password))}\n`, {
      mode: 0o600,
    });
    await run(
      [
        `--defaults-extra-file=${options}`,
        '--read-from-remote-server',
        `--host=${instance.host}`,
        `--port=${instance.port}`,
        '--protocol=tcp',
        ...(cluster.tls.mode === 'off' ? ['--get-server-public-key'] : ['--ssl-mode=REQUIRED']),
        `--include-gtids=${gtids.replaceAll(/\s/g, '')}`,
        '--verbose',
        ...logs.map((log) => log.Log_name),
      ],
      consume,
    );
  } catch (error) {
    throw toolError(error, name, gtids);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Its output goes to `consume`; what it says on standard error is kept for the message. */
async function run(args: readonly string[], consume: (output: Readable) => Promise<void>): Promise<void> {
  const child = spawn(process.env.RUNBOOK_MYSQLBINLOG ?? 'mysqlbinlog', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = `${stderr}${text}`.slice(-10_000)));
  const ended = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      code === 0 ? resolve() : reject(Object.assign(new Error('mysqlbinlog failed'), { code: code ?? signal, stderr })),
    );
  });
  try {
    await Promise.all([consume(child.stdout), ended]);
  } finally {
    child.kill();
  }
}

const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

function toolError(error: unknown, name: string, gtids: string): RunbookError {
  if (error instanceof RunbookError) return error;
  const code = (error as { code?: unknown }).code;
  if (code === 'ENOENT') {
    return new RunbookError({
      code: 'TOOL_MISSING',
      message: `mysqlbinlog is not installed on this worker, so ${gtids} of ${name} was not copied`,
      hint: 'Install the MySQL client programs or set RUNBOOK_MYSQLBINLOG; do not rebuild the server before the copy is made.',
    });
  }
  const said =
    ((error as { stderr?: string }).stderr ?? '').split('\n').filter((line) => line.startsWith('ERROR'))[0] ??
    `exit code ${String(code)}`;
  return new RunbookError({
    code: 'TOOL_FAILED',
    message: `mysqlbinlog could not read ${gtids} from ${name}: ${said}`,
    hint: 'Check that its binary logs are still there (SHOW BINARY LOGS).',
  });
}
