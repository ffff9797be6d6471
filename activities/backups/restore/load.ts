import { addAbortSignal, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BackupFile, type BackupManifest, type FilePart } from '../../../workflows/decisions/backups/manifest';
import { type Cluster, type Instance, type SecretReference } from '../../../workflows/decisions/cluster';
import { RunbookError } from '../../errors';
import { systemCode } from '../../inventory/system-code';
import { withClientFile } from '../../mysql/client-file';
import { type Mysql } from '../../mysql/mysql';
import { withoutRedoLog } from '../../mysql/redo-log';
import { programNamed, throughProgram } from '../../programs/through';
import { damaged, type Sealing } from '../sealing/sealing';
import { Measure } from '../store/measure';
import { type Store } from '../store/store';
import { type Carry, dropIndexes } from './late-indexes';

export interface LoadTarget {
  readonly mysql: Mysql;
  readonly cluster: Cluster;
  readonly instance: Instance;
  readonly secret: (reference: SecretReference) => Promise<string>;
}

export interface LoadOrder {
  readonly store: Store;
  readonly sealing: Sealing;
  readonly manifest: BackupManifest;
  /** Sessions that load. */
  readonly parallel: number;
  /** `locked`: accounts exist, as definers of views and routines, and nobody can log in as one of them; what cannot be had here is left out. */
  readonly accounts: 'locked' | 'as they were';
  readonly progress: (done: number, total: number) => void;
  /** Breaks it off at once. */
  readonly stopped?: AbortSignal | undefined;
}

/**
 * Load a logical backup into a server that is empty: schemas, tables by several sessions, then routines, views, triggers and events, and last the GTID
 * set. Nothing of it goes into a binary log. Throws BACKUP_DAMAGED, LOAD_FAILED, those of the store and the server.
 * Source: MySQL manual, "mysql Client Options", --binary-mode; "gtid_purged".
 */
export async function loadBackup(order: LoadOrder, target: LoadTarget): Promise<void> {
  const { manifest, parallel } = order;
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const account = target.cluster.accounts.admin;
  const at = { cluster: target.cluster, instance: target.instance, account };
  await withClientFile(target, at, async (options) => {
    const load = async (file: BackupFile) => {
      const force = file.part === 'accounts' && order.accounts === 'locked' ? ['--force'] : [];
      await loadSql(options, file.key, await openFile(order, file), force);
      done += file.bytes;
      order.progress(done, total);
    };
    const ofPart = (part: FilePart) => manifest.files.filter((file) => file.part === part);
    const tables = tablesInOrder(manifest.files).map((files) => loadingOf(target.mysql, options, files, load));

    for (const file of ofPart('schemas')) await load(file);
    await withoutRedoLog(target.mysql, () => eachByMany(tables, parallel));
    for (const file of ofPart('accounts')) await load(file);
    if (order.accounts === 'locked') await lockAccounts(target);
    for (const part of ['routines', 'views', 'triggers', 'events'] as const)
      for (const file of ofPart(part)) await load(file);
  });
  await setGtids(target.mysql, manifest.gtidExecuted);
}

/** What is stored, as it was before it was sealed; an error at its end where it is not what the manifest says. `heard`: bytes as stored, as they come. */
export function openFile(
  { store, sealing, stopped }: Pick<LoadOrder, 'store' | 'sealing' | 'stopped'>,
  file: BackupFile,
  heard: (bytes: number) => void = () => undefined,
): Promise<Readable> {
  return store.get(file.key).then((stored) => {
    stored.on('data', (bytes: Buffer) => heard(bytes.length));
    const measure = new Measure();
    const checked = new Measure();
    const opened = sealing.unseal(file.key, measure);
    // Only the store's own error: what is damaged ends this side, too, before it says that it is.
    pipeline(stored, measure).catch(() => stored.errored && opened.destroy(stored.errored));
    pipeline(opened, checked, { end: false })
      .then(() => {
        const { bytes, sha256 } = measure.result();
        if (bytes === file.bytes && sha256 === file.sha256) checked.end();
        else checked.destroy(damaged(file.key, 'it is not what was stored: its hash differs from the manifest'));
      })
      .catch((error: unknown) => checked.destroy(error as Error));
    return stopped ? addAbortSignal(stopped, checked) : checked;
  });
}

/** A table's definition before the rest of its rows; the largest tables first, so that no session is left with one at the end. */
export function tablesInOrder(files: readonly BackupFile[]): (readonly BackupFile[])[] {
  const tables = new Map<string, BackupFile[]>();
  for (const file of files.filter(({ part }) => part === 'table' || part === 'rows')) {
    const name = JSON.stringify([file.schema, file.table]);
    tables.set(name, [...(tables.get(name) ?? []), file]);
  }
  const size = (table: readonly BackupFile[]) => table.reduce((sum, { bytes }) => sum + bytes, 0);
  return [...tables.values()]
    .map((table) => [...table].sort((one, other) => (one.part === other.part ? 0 : one.part === 'table' ? -1 : 1)))
    .sort((one, other) => size(other) - size(one));
}

interface Loading {
  readonly first: () => Promise<void>;
  /** Beside each other, behind the first. */
  readonly rest: readonly (() => Promise<void>)[];
  /** Behind all of them. */
  readonly last: () => Promise<void>;
}

/** One table. One with rows of their own gets its indexes at the end. */
function loadingOf(
  server: Mysql,
  options: string,
  [first, ...rest]: readonly BackupFile[],
  load: (file: BackupFile) => Promise<void>,
): Loading {
  const at = { schema: first?.schema ?? '', table: first?.table ?? '' };
  const carry: Carry = (sql) => loadSql(options, `the indexes of ${at.schema}.${at.table}`, Readable.from([sql]));
  let indexes = '';
  return {
    first: async () => {
      if (first) await load(first);
      if (rest.length > 0) indexes = await dropIndexes(server, at, carry);
    },
    rest: rest.map((file) => () => load(file)),
    last: async () => {
      if (indexes !== '') await carry(indexes);
    },
  };
}

/** The first error ends all. */
async function eachByMany(loadings: readonly Loading[], many: number): Promise<void> {
  const waiting = [...loadings];
  const free: (() => Promise<void>)[] = [];
  let failed = false;
  let begun = 0;
  const next = async (): Promise<void> => {
    for (;;) {
      if (failed) return;
      const more = free.shift();
      if (more !== undefined) {
        await more();
        continue;
      }
      const loading = waiting.shift();
      if (!loading) {
        if (begun === 0) return;
        // Somebody's first piece is under way: its other pieces come.
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      begun += 1;
      let left = loading.rest.length;
      await loading.first();
      free.push(
        ...loading.rest.map((one) => async () => {
          await one();
          left -= 1;
          if (left === 0) await loading.last();
        }),
      );
      begun -= 1;
    }
  };
  await Promise.all(
    Array.from({ length: many }, () =>
      next().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    ),
  );
}

const SESSION = 'SET SESSION sql_log_bin = 0, foreign_key_checks = 0, unique_checks = 0';

/** Statements into the server that the option file names, by its own client. None of it is logged. Throws LOAD_FAILED, or the error of `input`. */
export async function loadSql(
  options: string,
  what: string,
  input: Readable,
  more: readonly string[] = [],
): Promise<void> {
  const command = [
    ...[programNamed('mysql'), `--defaults-extra-file=${options}`, '--binary-mode', '--max-allowed-packet=1G'],
    ...[`--init-command=${SESSION}`, '--default-character-set=utf8mb4', ...more],
  ];
  const output = throughProgram(command, {
    input,
    failed: (how, said) =>
      new RunbookError({
        code: 'LOAD_FAILED',
        message: `${what} could not be loaded: mysql ${how}${said === '' ? '' : `: ${said}`}`,
        hint: 'Do not rely on this backup before it is known why: take a new one.',
      }),
  });
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(output, nowhere).catch((error: unknown) => {
    // A client that has ended and no longer reads has said why by itself.
    throw input.errored && systemCode(input.errored) !== 'EPIPE' ? input.errored : error;
  });
}

export async function lockAccounts({ mysql, cluster }: LoadTarget): Promise<void> {
  const users = await mysql.rows<{ user: string; host: string }>(
    "SELECT User AS user, Host AS host FROM mysql.user WHERE User NOT LIKE 'mysql.%' AND User <> ? AND account_locked = 'N'",
    [cluster.accounts.admin.user],
  );
  for (const { user, host } of users) await mysql.run('ALTER USER ?@? ACCOUNT LOCK', [user, host]);
}

/** What was loaded is what the server has executed: nothing else was committed on it. */
export async function setGtids(mysql: Mysql, gtidExecuted: string): Promise<void> {
  const version = String(await mysql.value('SELECT VERSION()'));
  const [major = 0, minor = 0] = version.split('.').map(Number);
  await mysql.run(major < 8 || (major === 8 && minor < 4) ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS', [], {
    deadlineMs: 60_000,
  });
  if (gtidExecuted !== '') await mysql.run('SET GLOBAL gtid_purged = ?', [gtidExecuted]);
}
