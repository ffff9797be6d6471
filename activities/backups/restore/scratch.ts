import { type BackupManifest } from '../../../workflows/decisions/backups/manifest';
import { chainOf } from '../../../workflows/decisions/backups/physical';
import { type ScratchPlace } from '../../../workflows/decisions/backups/policy';
import { equals, parseGtidSet } from '../../../workflows/decisions/gtid-set';
import { heldByFiles } from '../../../workflows/decisions/provision/physical';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { type Deps } from '../../deps';
import { RunbookError } from '../../errors';
import { type Mysql } from '../../mysql/mysql';
import { versionOf } from '../../mysql/version';
import { executedOn } from '../../replication/meet';
import { wordsOf } from '../../replication/statements';
import { readCatalogue } from '../catalogue';
import { placesOf } from '../places';
import { damaged } from '../sealing/sealing';
import { type Scratch, startScratch } from '../scratch/scratch';
import { loadBackup, lockAccounts, setGtids } from './load';
import { unpackInto, type UnpackOrder } from './unpack';

export interface RestoreIntoScratch {
  readonly cluster: Cluster;
  readonly place: ScratchPlace;
  /** Part of the folder's name. */
  readonly name: string;
  readonly manifest: BackupManifest;
  readonly progress: (done: number, total: number) => void;
  /** Breaks it off at once. */
  readonly stopped?: AbortSignal | undefined;
}

/**
 * A backup of either kind as a running scratch server: all of its rows, its GTID set, accounts that nobody can log in with, following nobody. Nothing is
 * left when it throws: BACKUP_DAMAGED, LOAD_FAILED, TOOL_MISSING, TOOL_FAILED, those of the store.
 */
export async function restoreIntoScratch(
  deps: Pick<Deps, 'secret'>,
  { cluster, place, name, manifest, progress, stopped }: RestoreIntoScratch,
): Promise<Scratch> {
  const { policy, store, sealing } = await placesOf(deps, cluster);
  const { settings } = manifest;
  if (manifest.kind === 'logical') {
    const scratch = await startScratch(place, { name, settings, stopped });
    const { parallel } = policy;
    const order = { store, sealing, manifest, parallel, accounts: 'locked' as const, progress, stopped };
    return orDestroyed(scratch, () => loadBackup(order, scratch));
  }
  const chain = manifest.base === null ? [manifest] : await wholeChain(store, cluster.name, manifest);
  const scratch = await startOn(place, name, manifest, { store, sealing, chain, progress, stopped });
  return orDestroyed(scratch, () => settle(scratch, manifest));
}

async function orDestroyed(scratch: Scratch, work: () => Promise<void>): Promise<Scratch> {
  try {
    await work();
    return scratch;
  } catch (error) {
    await scratch.destroy();
    throw error;
  }
}

async function wholeChain(store: UnpackOrder['store'], cluster: string, { id, base }: BackupManifest) {
  const chain = chainOf((await readCatalogue(store, cluster)).backups, id);
  if (chain) return chain.map(({ manifest }) => manifest);
  throw damaged(id, `it stands on ${base ?? ''}, and that, or what that one stands on, is not in the store`);
}

async function startOn(
  place: ScratchPlace,
  name: string,
  { id, settings }: BackupManifest,
  order: UnpackOrder,
): Promise<Scratch> {
  const filled = { whole: false };
  const fill = async (dataFolder: string) => {
    await unpackInto(dataFolder, order);
    filled.whole = true;
  };
  try {
    return await startScratch(place, { name, settings, fill, stopped: order.stopped });
  } catch (error) {
    if (!filled.whole || !(error instanceof RunbookError) || error.code !== 'TOOL_FAILED') throw error;
    throw new RunbookError({
      code: 'LOAD_FAILED',
      message: `no server starts on the files of ${id}: ${error.message}`,
      hint: error.hint,
      cause: error,
    });
  }
}

/** What is in the files is what the manifest says; the channel of the server that was copied is forgotten, and its relay logs are not there. */
async function settle({ mysql, cluster, instance, secret }: Scratch, manifest: BackupManifest): Promise<void> {
  const { resetAll } = await wordsOf(mysql);
  const channels = await mysql.rows<{ name: string }>(
    'SELECT CHANNEL_NAME AS name FROM performance_schema.replication_connection_configuration',
  );
  for (const { name } of channels) await mysql.run(`${resetAll} FOR CHANNEL ?`, [name], { deadlineMs: 60_000 });
  const held = await executedOn(mysql);
  if (manifest.lsn) await settleHeld(mysql, manifest, held);
  else if (!equals(parseGtidSet(held), parseGtidSet(manifest.gtidExecuted)))
    throw damaged(manifest.id, `its files hold ${held}, and its manifest says ${manifest.gtidExecuted}`);
  await lockAccounts({ mysql, cluster, instance, secret });
}

/** XtraBackup goes on copying redo log after it has asked what there is: what the server knows of its files counts, where it knows that exactly. */
async function settleHeld(mysql: Mysql, { id, gtidExecuted }: BackupManifest, own: string): Promise<void> {
  const held = heldByFiles({ version: await versionOf(mysql), own, told: gtidExecuted, received: '' });
  if ('because' in held) throw damaged(id, held.because);
  if (held.mustSet) await setGtids(mysql, held.gtids);
}
