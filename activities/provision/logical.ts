import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BackupPolicy } from '../../workflows/decisions/backups/policy';
import { type Cluster } from '../../workflows/decisions/cluster';
import { findBackup } from '../backups/catalogue';
import { takeLogical } from '../backups/logical/take';
import { placesOf } from '../backups/places';
import { loadBackup } from '../backups/restore/load';
import { type Deps, knownInstance, serverAsBackup } from '../deps';
import { RunbookError } from '../errors';
import { withClientFile } from '../mysql/client-file';
import { type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { tellProgress } from '../progress';
import { programNamed, throughProgram } from '../programs/through';
import { type CloneOrder, type Copied } from './clone';
import { speedometer } from './clone-status';
import { SYSTEM_SCHEMAS } from './survey';

/** Sessions that dump and that load, where the inventory says nothing of backups. */
const PARALLEL = 4;

/**
 * Fill the recipient from a dump of the donor: one snapshot, read and loaded by several sessions, a large table in pieces; then the donor's accounts.
 * The dump lies compressed below this machine's temporary folder meanwhile. An attempt after a worker's death begins anew.
 * Throws COPY_FAILED (the recipient may hold half of it; another donor may be tried), TOOL_MISSING.
 * Source: MySQL manual, "mysqldump", "gtid_purged".
 */
export async function dumpInto(deps: Deps, order: CloneOrder): Promise<Copied> {
  const { cluster, instance, donor, primary } = order;
  const begun = performance.now();
  const folder = join(tmpdir(), `runbook-logical-${cluster.name}-${instance}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const here = keptIn(cluster, folder);
  deps.checkpoint('logical:begin');
  try {
    const id = 'copy';
    const taken = await takeLogical(deps, {
      ...{ cluster: here, source: donor, isPrimary: donor === primary, id, startedAt: new Date().toISOString() },
    });
    deps.checkpoint('logical:dumped');
    const { store, sealing, policy } = await placesOf(deps, here);
    const { manifest } = await findBackup(store, cluster.name, id);
    const server = serverAsBackup(deps, cluster, instance);
    await dropSchemas(server);
    deps.checkpoint('logical:dropped');
    const speed = speedometer();
    const account = cluster.accounts.backup ?? cluster.accounts.admin;
    await loadBackup(
      {
        ...{ store, sealing, parallel: policy.parallel, accounts: 'as they were' as const },
        // They need more than may be granted to the account that loads: the rows of the account tables come instead.
        manifest: { ...manifest, files: manifest.files.filter(({ part }) => part !== 'accounts') },
        progress: (done, total) => tellProgress(deps, speed('load', done, total)),
      },
      {
        mysql: server,
        cluster: { ...cluster, accounts: { ...cluster.accounts, admin: account } },
        instance: knownInstance(cluster, instance),
        secret: deps.secret,
      },
    );
    deps.checkpoint('logical:loaded');
    await copyAccounts(deps, order);
    deps.checkpoint('logical:accounts');
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { gtids: taken.gtidExecuted, bytes: taken.bytes, seconds, notes: [...taken.notes, 'its size is as stored'] };
  } catch (error) {
    throw copyFailed(order, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function keptIn(cluster: Cluster, path: string): Cluster {
  const backups: BackupPolicy = {
    ...{ compression: { level: 1, threads: 1 }, parallel: PARALLEL },
    retention: { atLeast: 1, days: 1, weeks: 0, months: 0, promisedDays: 0 },
    ...cluster.backups,
    store: { kind: 'folder', path },
  };
  return { ...cluster, backups };
}

async function dropSchemas(server: Mysql): Promise<void> {
  const schemas = await server.rows<{ name: string }>(
    'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (?)',
    [SYSTEM_SCHEMAS],
  );
  await server.session(
    async (session) => {
      await session.run('SET SESSION sql_log_bin = 0');
      for (const { name } of schemas) await session.run(`DROP DATABASE IF EXISTS ${quoteName(name)}`);
    },
    { deadlineMs: 600_000 },
  );
}

const ACCOUNT_TABLES = [
  ...['user', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'proxies_priv'],
  ...['global_grants', 'role_edges', 'default_roles', 'password_history'],
];

/** The donor's accounts with their passwords; the recipient's own of other names stay. Repeats safely: rows are replaced. */
async function copyAccounts(deps: Deps, { cluster, instance, donor }: CloneOrder): Promise<void> {
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const login = (name: string) => ({ cluster, instance: knownInstance(cluster, name), account });
  await withClientFile(deps, login(donor), (from) =>
    withClientFile(deps, login(instance), async (to) => {
      const dump = throughProgram([
        ...[
          programNamed('mysqldump'),
          `--defaults-extra-file=${from}`,
          '--single-transaction',
          '--set-gtid-purged=OFF',
        ],
        ...['--no-tablespaces', '--no-create-info', '--replace', '--complete-insert', '--hex-blob', 'mysql'],
        ...ACCOUNT_TABLES,
      ]);
      const load = throughProgram(
        [
          ...[programNamed('mysql'), `--defaults-extra-file=${to}`, '--binary-mode'],
          ...['--init-command=SET SESSION sql_log_bin = 0', 'mysql'],
        ],
        { input: dump },
      );
      await pipeline(load, new Writable({ write: (_chunk, _encoding, done) => done() }));
    }),
  );
  await serverAsBackup(deps, cluster, instance).session(async (session) => {
    await session.run('SET SESSION sql_log_bin = 0');
    await session.run('FLUSH PRIVILEGES');
  });
}

function copyFailed({ instance, donor }: CloneOrder, error: unknown): unknown {
  if (!(error instanceof RunbookError) || !['TOOL_FAILED', 'LOAD_FAILED', 'STORE_FULL'].includes(error.code))
    return error;
  return new RunbookError({
    code: 'COPY_FAILED',
    message: `${instance} could not be filled from a dump of ${donor}: ${error.message}; ${instance} may hold half of it and is to be taken for unusable; ${donor} is as it was`,
    hint: error.hint,
    cause: error,
  });
}
