import { mkdir, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BackupFile, type BackupManifest } from '../../../workflows/decisions/backups/manifest';
import { RunbookError } from '../../errors';
import { programNamed, throughProgram } from '../../programs/through';
import { openFile } from './load';
import { type Sealing } from '../sealing/sealing';
import { type Store } from '../store/store';

export interface UnpackOrder {
  readonly store: Store;
  readonly sealing: Sealing;
  /** The full one first, then the incremental ones that are put on it. */
  readonly chain: readonly BackupManifest[];
  readonly progress: (done: number, total: number) => void;
  /** Breaks it off at once. */
  readonly stopped?: AbortSignal | undefined;
}

/**
 * A physical backup as a data folder that a server of its release can start on: unpacked, and, where XtraBackup made it, prepared; the incremental
 * ones lie beside it meanwhile. Throws BACKUP_DAMAGED, LOAD_FAILED, TOOL_MISSING, those of the store.
 * Source: Percona XtraBackup manual, "Prepare an incremental backup".
 */
export async function unpackInto(dataFolder: string, order: UnpackOrder): Promise<void> {
  const total = order.chain.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const heard = (bytes: number) => order.progress((done += bytes), total);
  const last = order.chain.at(-1);
  for (const manifest of order.chain) {
    const isWhole = manifest.base === null;
    const folder = isWhole ? dataFolder : `${dataFolder}-${manifest.id}`;
    if (!isWhole) await mkdir(folder, { mode: 0o700 });
    for (const file of manifest.files) await unpack(order, file, folder, heard);
    if (manifest.lsn) {
      // What an incremental one goes on with may not be rolled back yet.
      const more = manifest === last ? [] : ['--apply-log-only'];
      const from = isWhole ? [] : [`--incremental-dir=${folder}`];
      await prepare(manifest, ['--prepare', ...more, `--target-dir=${dataFolder}`, ...from], order.stopped);
    }
    if (!isWhole) await rm(folder, { recursive: true });
  }
}

async function unpack(
  order: UnpackOrder,
  file: BackupFile,
  folder: string,
  heard: (bytes: number) => void,
): Promise<void> {
  const input = await openFile(order, file, heard);
  const unpacker = file.key.includes('.xbstream')
    ? [programNamed('xbstream'), '--extract', `--directory=${folder}`]
    : ['tar', '--extract', '--no-same-owner', `--directory=${folder}`];
  await finish(throughProgram(unpacker, { input, failed: notTaken(file.key, unpacker[0] ?? '') })).catch(
    (error: unknown) => {
      // A file that is damaged breaks off, and only then does the unpacker complain.
      throw input.errored ?? error;
    },
  );
}

const prepare = ({ id }: BackupManifest, options: readonly string[], stopped?: AbortSignal): Promise<void> =>
  finish(
    throughProgram([programNamed('xtrabackup'), ...options], { failed: notTaken(id, 'xtrabackup --prepare') }),
    stopped,
  );

const finish = (output: NodeJS.ReadableStream, stopped?: AbortSignal): Promise<void> =>
  pipeline(output, new Writable({ write: (_chunk, _encoding, next) => next() }), {
    ...(stopped && { signal: stopped }),
  });

const notTaken = (what: string, program: string) => (how: string, said: string) =>
  new RunbookError({
    code: 'LOAD_FAILED',
    message: `${what} could not be unpacked: ${program} ${how}${said === '' ? '' : `: ${said}`}`,
    hint: 'Do not rely on this backup before it is known why: take a new one.',
  });
