import { type BackupManifest } from '../../workflows/decisions/backups/manifest';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { isEmpty, parseGtidSet, subtract } from '../../workflows/decisions/gtid-set';
import { archivedReach } from '../../workflows/decisions/provision/backup';
import { applyArchived, type Applied } from '../archive/apply';
import { openShelf } from '../archive/shelf';
import { findBackup } from '../backups/catalogue';
import { placesOf } from '../backups/places';
import { loadBackup, loadSql, openFile } from '../backups/restore/load';
import { type Scratch, startScratch } from '../backups/scratch/scratch';
import { type Deps, knownInstance, serverAsBackup, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { withClientFile } from '../mysql/client-file';
import { type Mysql } from '../mysql/mysql';
import { tellProgress } from '../progress';
import { accountRows, loadAccountRows, type Login } from './accounts';
import { type Copied } from './clone';
import { speedometer } from './clone-status';
import { copyFailed, dropSchemas, emptied } from './logical';
import { type Recipient } from './recipient';
import { writesFilesOf } from './survey';

export interface FromBackupOrder extends Recipient {
  /** Its id. */
  readonly backup: string;
  readonly primary: string;
  /** Of the recipient: applying what it once wrote itself borrows another. */
  readonly serverId: number;
}

type Places = Awaited<ReturnType<typeof placesOf>>;

/**
 * Fill the recipient from a backup of the store, then from archived binary logs as far as they lead on without a gap, where this worker can lay them out;
 * the primary's own lead on from there. No donor is asked for anything. The backup's accounts are made by a scratch server, before anything is dropped:
 * an account that fills a server cannot grant them. An attempt after a worker's death begins anew.
 * Throws COPY_FAILED (the recipient may hold half of it), BACKUP_DAMAGED, BACKUP_UNKNOWN, those of the store, of TOOL_MISSING and of the servers.
 * Source: MySQL manual, "gtid_purged", "The Relay Log".
 */
export async function fillFromBackup(deps: Deps, order: FromBackupOrder): Promise<Copied> {
  const { cluster, instance } = order;
  const begun = performance.now();
  deps.checkpoint('stored:begin');
  const places = await placesOf(deps, cluster);
  const { manifest } = await findBackup(places.store, cluster.name, order.backup);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const server = serverAsBackup(deps, cluster, instance);
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  const login: Login = { secret: deps.secret, cluster, instance: knownInstance(cluster, instance), account };
  const recipient = { dropped: false };
  try {
    await withAccounts(places, manifest, instance, async (accounts) => {
      deps.checkpoint('stored:accounts-made');
      recipient.dropped = true;
      await dropSchemas(server);
      deps.checkpoint('stored:dropped');
      const speed = speedometer();
      await loadBackup(
        {
          ...{ store: places.store, sealing: places.sealing, parallel: places.policy.parallel },
          ...{ accounts: 'as they were' as const },
          manifest: { ...manifest, files: manifest.files.filter(({ part }) => part !== 'accounts') },
          progress: (done, total) => tellProgress(deps, speed('load', done, total)),
        },
        { ...login, cluster: { ...cluster, accounts: { ...cluster.accounts, admin: account } }, mysql: server },
      );
      deps.checkpoint('stored:loaded');
      await loadAccountRows(await accountRows(accounts), login, server);
      deps.checkpoint('stored:accounts');
    });
    const applied = await applyArchive(deps, order, manifest);
    deps.checkpoint('stored:applied');
    const gtids = String(await server.value('SELECT @@global.gtid_executed'));
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { gtids, bytes, seconds, notes: [tellApplied(manifest, applied)] };
  } catch (error) {
    if (!recipient.dropped) throw error;
    const state = await emptied(server, instance, error);
    throw copyFailed(order, `backup ${order.backup}, which is as it was`, error, state);
  }
}

const tellApplied = ({ endedAt }: BackupManifest, applied: Applied | null): string =>
  applied === null
    ? `the backup of ${endedAt}; the primary's own binary logs lead on`
    : `the backup of ${endedAt} and ${applied.transactions} archived transactions`;

/** null = nothing, or nothing that could be laid out from here. */
async function applyArchive(
  deps: Deps,
  { cluster, instance, primary, serverId }: FromBackupOrder,
  manifest: BackupManifest,
): Promise<Applied | null> {
  const server = serverNamed(deps, cluster, instance);
  if (!(await writesFilesOf(server, knownInstance(cluster, instance)))) return null;
  const shelf = await openShelf(deps, cluster);
  const held = parseGtidSet(manifest.gtidExecuted);
  const [there] = await serverNamed(deps, cluster, primary).rows<{ executed: string; uuid: string }>(
    'SELECT @@global.gtid_executed AS executed, @@server_uuid AS uuid',
  );
  const archived = gtidsOf((await shelf.coverage()).files);
  const target = archivedReach(held, archived, parseGtidSet(there?.executed ?? ''), there?.uuid ?? '');
  if (isEmpty(subtract(target, held))) return null;
  const speed = speedometer();
  try {
    return await applyArchived(
      server,
      shelf,
      { target, without: parseGtidSet(''), keepSettings: true },
      {
        checkpoint: deps.checkpoint,
        progress: (done, total) => tellProgress(deps, { ...speed('apply', done, total), unit: 'transactions' }),
      },
    );
  } finally {
    await server.run('SET GLOBAL server_id = ?', [serverId]);
  }
}

/** A scratch server that has the backup's accounts and no other, for as long as `work` lasts. */
async function withAccounts(
  { policy, store, sealing }: Places,
  manifest: BackupManifest,
  instance: string,
  work: (accounts: Login) => Promise<void>,
): Promise<void> {
  if (!policy.scratch)
    throw new RunbookError({
      code: 'INVENTORY_INVALID',
      message: `${manifest.cluster} has no backups.scratch in the inventory, and its accounts are made in a scratch server`,
      hint: 'Add scratch: { mysqld: /usr/sbin/mysqld, folder: /scratch } to its backups.',
    });
  const scratch = await startScratch(policy.scratch, { name: `accounts-${instance}`, settings: manifest.settings });
  try {
    const { cluster, secret, mysql } = scratch;
    const login: Login = { secret, cluster, instance: scratch.instance, account: cluster.accounts.admin };
    await dropOthers(mysql, login.account.user);
    await withClientFile(login, login, async (options) => {
      for (const file of manifest.files.filter(({ part }) => part === 'accounts'))
        await loadSql(options, file.key, await openFile({ store, sealing }, file));
    });
    await forgetOurs(scratch, login.account.user);
    await work(login);
  } finally {
    await scratch.destroy();
  }
}

async function dropOthers(mysql: Mysql, ours: string): Promise<void> {
  const users = await mysql.rows<{ user: string; host: string }>(
    "SELECT User AS user, Host AS host FROM mysql.user WHERE User NOT LIKE 'mysql.%' AND User <> ?",
    [ours],
  );
  for (const { user, host } of users) await mysql.run('DROP USER ?@?', [user, host]);
}

/** Its rows alone: what the server has in memory lets us in until it ends. */
async function forgetOurs({ mysql }: Scratch, ours: string): Promise<void> {
  await mysql.run('DELETE FROM mysql.user WHERE User = ?', [ours]);
  await mysql.run('DELETE FROM mysql.global_grants WHERE USER = ?', [ours]);
}
