import { pipeline } from 'node:stream';
import { readCopyFacts } from '../../workflows/decisions/backups/xtrabackup';
import { type FilesPlan, heldByFiles } from '../../workflows/decisions/provision/physical';
import { letGoOn } from '../backups/logical/hold';
import { type CopyHost, copyHostOf } from '../backups/physical/host';
import { programsOf, type XtraBackupPrograms } from '../backups/physical/xtrabackup-programs';
import { setGtids } from '../backups/restore/load';
import { type Deps, knownInstance, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { hostOf } from '../hosts/control';
import { startInstance } from '../hosts/start';
import { versionOf } from '../mysql/version';
import { tellProgress } from '../progress';
import { factsOf } from '../replication/apply';
import { wordsOf } from '../replication/statements';
import { type CloneOrder, type Copied } from './clone';
import { speedometer } from './clone-status';
import { type DataFolder, dataFolderOf } from './data-folder';
import { copyFailed } from './logical';
import { openPace, pacing } from './pace';
import { START_SECONDS } from './recipient';
import { openThrottle } from './throttle';

export interface FilesOrder extends CloneOrder, FilesPlan {}

const TELL_EVERY_MS = 1_000;

/**
 * Fill the recipient with the files of the donor: XtraBackup reads them there, and they come through this worker into the recipient's data folder, are
 * prepared, and the server starts on them. What it had is set aside until it answers, where there is room. An attempt after a worker's death begins
 * anew, unless the files were complete. A copy that fails puts back what was set aside.
 * Throws COPY_FAILED (another donor may be tried), TOOL_MISSING, INVENTORY_INVALID, COPY_UNUSABLE, HOST_UNREACHABLE.
 * Source: Percona XtraBackup manual, "Set up replication", "Take a streaming backup".
 */
export async function fillWithFiles(deps: Deps, order: FilesOrder): Promise<Copied> {
  const { cluster, instance, donor } = order;
  const begun = performance.now();
  deps.checkpoint('files:begin');
  const programs = programsOf(cluster) ?? notNamed(cluster.name);
  const folder = dataFolderOf(order);
  const touched = { files: false };
  try {
    const isComplete = await folder.isComplete();
    touched.files = isComplete;
    const bytes = isComplete ? (order.bytes ?? 0) : await bringFiles(deps, order, programs, folder, touched);
    const { gtids, notes } = await startOnFiles(deps, order);
    deps.checkpoint('files:answers');
    await folder.forgetOld();
    deps.checkpoint('files:old-gone');
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { gtids, bytes, seconds, notes: [`${instance} holds what ${donor} had at ${gtids}`, ...notes] };
  } catch (error) {
    const from = `the files of ${donor}, which is as it was`;
    if (!(error instanceof RunbookError) || error.code === 'INTERNAL') throw error;
    const failed = copyFailed(order, from, error, `${instance} may hold half of them and is to be taken for unusable`);
    if (failed instanceof RunbookError && failed.family === 'not yet') throw failed;
    if (!touched.files) throw copyFailed(order, from, error, `${instance} has its data as before`);
    throw (await putBack(deps, order, folder))
      ? copyFailed(order, from, error, `${instance} has its old data again`)
      : failed;
  }
}

/** Returns how many bytes came. */
async function bringFiles(
  deps: Deps,
  order: FilesOrder,
  programs: XtraBackupPrograms,
  folder: DataFolder,
  touched: { files: boolean },
): Promise<number> {
  const { cluster, instance, dataFolder } = order;
  const recipient = copyHostOf(cluster, instance);
  await hostOf(cluster, knownInstance(cluster, instance))?.stop();
  deps.checkpoint('files:stopped');
  touched.files = true;
  await folder.empty();
  deps.checkpoint('files:emptied');
  const bytes = await stream(deps, order, programs, recipient);
  deps.checkpoint('files:received');
  tellProgress(deps, { ...speedometer()('prepare', bytes, null), rate: 0 });
  await recipient.say([programs.xtrabackup, '--prepare', `--target-dir=${dataFolder}`]);
  deps.checkpoint('files:prepared');
  await folder.complete();
  deps.checkpoint('files:complete');
  return bytes;
}

/** From one host to the other, no faster than the donor may give. */
async function stream(
  deps: Deps,
  { cluster, instance, donor, primary, dataFolder, bytes: expected }: FilesOrder,
  { command, xbstream, folder }: XtraBackupPrograms,
  recipient: CopyHost,
): Promise<number> {
  const giver = copyHostOf(cluster, donor);
  const notes = `${folder}/${instance}-from-${donor}`;
  const forget = () => giver.say(['rm', '-rf', '--', notes]);
  const source = { cluster, source: donor, isPrimary: donor === primary };
  const pace = openPace(openThrottle(deps, cluster, donor, primary));
  const speed = speedometer();
  const telling = setInterval(() => {
    const total = expected === null ? null : Math.max(expected, pace.bytes());
    tellProgress(deps, speed(`files of ${donor}, as they come${pace.told()}`, pace.bytes(), total));
  }, TELL_EVERY_MS);
  try {
    // One that was ended may have left the applier standing: with --safe-slave-backup it stops it.
    await letGoOn(deps, source);
    await forget();
    await giver.say(['mkdir', '-p', '--', notes]);
    const copy = giver.read([...command, '--backup', '--stream=xbstream', `--target-dir=${notes}`]);
    // Both ends hear of it when one breaks off.
    const paced = pipeline(copy, pacing(pace), () => undefined);
    await recipient.take([xbstream, '--extract', `--directory=${dataFolder}`], paced);
    return pace.bytes();
  } finally {
    clearInterval(telling);
    await forget().catch(() => undefined);
    await letGoOn(deps, source).catch(() => undefined);
  }
}

/** It answers on its new files, copies from nobody, and says what they hold. */
async function startOnFiles(
  deps: Deps,
  { cluster, instance, donor, dataFolder }: FilesOrder,
): Promise<{ readonly gtids: string; readonly notes: readonly string[] }> {
  await startInstance(deps, cluster, instance, START_SECONDS).catch((error: unknown) => {
    throw error instanceof RunbookError && error.code === 'HOST_UNREACHABLE' ? doesNotStart(error, donor) : error;
  });
  deps.checkpoint('files:started');
  const server = serverNamed(deps, cluster, instance);
  await server.run((await wordsOf(server)).stop, [], { deadlineMs: 60_000 });
  const told = readCopyFacts(await copyHostOf(cluster, instance).say(['cat', '--', `${dataFolder}/xtrabackup_info`]));
  const { gtid, channels } = await factsOf(deps, cluster, instance);
  const held = heldByFiles({
    ...{ version: await versionOf(server), own: gtid.executed, told: told?.gtids ?? '' },
    received: channels.map(({ retrieved }) => retrieved).join(''),
  });
  if ('because' in held) throw notExact(instance, held.because);
  if (held.mustSet) {
    await server.run('SET GLOBAL super_read_only = OFF');
    await setGtids(server, held.gtids);
  }
  return { gtids: held.gtids, notes: told ? [`XtraBackup ${told.version}`] : [] };
}

/** False: nothing was set aside, or it cannot be brought back now. */
async function putBack(deps: Deps, { cluster, instance }: FilesOrder, folder: DataFolder): Promise<boolean> {
  try {
    await hostOf(cluster, knownInstance(cluster, instance))?.stop();
    if (!(await folder.putBack())) return false;
    await startInstance(deps, cluster, instance, START_SECONDS);
    return true;
  } catch {
    return false;
  }
}

function notNamed(cluster: string): never {
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `the inventory names no XtraBackup for ${cluster}`,
    hint: `Write clusters.${cluster}.backups.physical with tool: xtrabackup.`,
  });
}

const doesNotStart = (cause: RunbookError, donor: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `no server starts on the files of ${donor}: ${cause.message}`,
    hint: 'Look at its error log, then start provisionReplica again.',
    cause,
  });

const notExact = (instance: string, because: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `what ${instance} holds is not known exactly: ${because}`,
    hint: 'Put skip-slave-start (skip-replica-start) into its option file, or take another strategy.',
  });
