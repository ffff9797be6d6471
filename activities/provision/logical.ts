import { type Dumped, dumpAll } from '../backups/logical/dump';
import { type HoldOrder, letGoOn } from '../backups/logical/hold';
import { type Sink } from '../backups/logical/sink';
import { type Inside } from '../backups/logical/tables';
import { setGtids } from '../backups/restore/load';
import { pourInto } from '../backups/restore/pour';
import { type Deps, knownInstance, serverAsBackup } from '../deps';
import { RunbookError } from '../errors';
import { withClientFile } from '../mysql/client-file';
import { type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';
import { withoutRedoLog } from '../mysql/redo-log';
import { tellProgress } from '../progress';
import { accountRows, loadAccountRows } from './accounts';
import { type CloneOrder, type Copied } from './clone';
import { speedometer } from './clone-status';
import { forgetHalf, markHalf } from './half';
import { openPace } from './pace';
import { isDiskFull, LARGER_DISK } from '../../workflows/decisions/provision/disk-full';
import { type Recipient } from './recipient';
import { SYSTEM_SCHEMAS } from './survey';
import { openThrottle } from './throttle';

/** Sessions that dump, and that load, where the inventory says nothing of backups. */
const PARALLEL = 4;
const TELL_EVERY_MS = 1_000;

/**
 * Fill the recipient from a dump of the donor as it comes: one snapshot, read and loaded by several sessions, a large table in pieces and its indexes
 * at the end, without a redo log meanwhile; then the donor's accounts. Nothing lies on the worker's disk. An attempt after a worker's death begins anew.
 * Throws COPY_FAILED (the recipient may hold half of it; another donor may be tried), TOOL_MISSING, COPY_UNUSABLE.
 * Source: MySQL manual, "mysqldump", "gtid_purged".
 */
export async function dumpInto(deps: Deps, order: CloneOrder): Promise<Copied> {
  const { cluster, instance, donor, primary } = order;
  const begun = performance.now();
  deps.checkpoint('logical:begin');
  const from = { cluster, source: donor, isPrimary: donor === primary };
  const server = serverAsBackup(deps, cluster, instance);
  try {
    await letGoOn(deps, from);
    await dropSchemas(server);
    await markHalf(server, cluster.schema, donor);
    deps.checkpoint('logical:dropped');
    const { dumped, bytes } = await withoutRedoLog(server, () => dumpThrough(deps, order, from));
    deps.checkpoint('logical:loaded');
    const account = cluster.accounts.backup ?? cluster.accounts.admin;
    const login = { secret: deps.secret, cluster, instance: knownInstance(cluster, instance), account };
    await loadAccountRows(dumped.accounts, login, server);
    deps.checkpoint('logical:accounts');
    // What says that it is whole comes last.
    await setGtids(server, dumped.gtidExecuted);
    await forgetHalf(server, cluster.schema);
    const seconds = Math.round((performance.now() - begun) / 1000);
    return { gtids: dumped.gtidExecuted, bytes, seconds, notes: dumped.notes };
  } catch (error) {
    throw copyFailed(order, `a dump of ${donor}, which is as it was`, error, await emptied(server, instance, error));
  }
}

async function dumpThrough(
  deps: Deps,
  { cluster, instance, donor, primary }: CloneOrder,
  from: HoldOrder,
): Promise<{ readonly dumped: Dumped; readonly bytes: number }> {
  const parallel = cluster.backups?.parallel ?? PARALLEL;
  const mysql = serverAsBackup(deps, cluster, instance);
  const account = cluster.accounts.backup ?? cluster.accounts.admin;
  return withClientFile(deps, { cluster, instance: knownInstance(cluster, instance), account }, async (options) => {
    const pour = pourInto({ mysql, options, parallel });
    const pace = openPace(openThrottle(deps, cluster, donor, primary));
    const speed = speedometer();
    let [expected, isHeld] = [0, false];
    const tell = () => {
      const stage = `dump of ${donor}, as it is loaded${pace.told()}`;
      tellProgress(deps, speed(stage, pour.bytes(), Math.max(expected, pour.bytes())));
    };
    // A donor whose applier stands still for us is behind for that alone.
    const paced = (bytes: number) => (isHeld ? Promise.resolve() : pace.through(bytes));
    const telling = setInterval(tell, TELL_EVERY_MS);
    try {
      const sinkFor = ({ tables }: Inside) => {
        expected = tables.reduce((sum, { bytes }) => sum + bytes, 0);
        return slowed(pour, paced);
      };
      const mark = (name: string) => {
        isHeld = name === 'still' || (isHeld && name !== 'snapshots');
        deps.checkpoint(`logical:${name}`);
      };
      const itsAccounts = { secret: deps.secret, cluster, instance: knownInstance(cluster, donor), account };
      const accounts = () => accountRows(itsAccounts);
      const dumped = await dumpAll(deps, { ...from, parallel, count: false, accounts }, sinkFor, mark);
      return { dumped, bytes: pour.bytes() };
    } finally {
      clearInterval(telling);
      pour.abandon();
    }
  });
}

const slowed = (sink: Sink, paced: (bytes: number) => Promise<void>): Sink => ({
  ...sink,
  pieces: () => {
    const pieces = sink.pieces();
    return {
      ...pieces,
      write: async (bytes) => {
        await paced(bytes.length);
        await pieces.write(bytes);
      },
    };
  },
});

export async function dropSchemas(server: Mysql): Promise<void> {
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

/** Half of a copy makes room, and is not taken for somebody's data by the next run. Returns the state of the recipient in words. */
export async function emptied(server: Mysql, instance: string, error: unknown): Promise<string | undefined> {
  // Another attempt begins anew by itself.
  if (!endsCopy(error)) return undefined;
  return dropSchemas(server).then(
    () => `${instance} is unusable: it is empty, for its data was dropped`,
    () => undefined,
  );
}

const endsCopy = (error: unknown): error is RunbookError =>
  error instanceof RunbookError &&
  ['TOOL_FAILED', 'LOAD_FAILED', 'BACKUP_DAMAGED', 'APPLIER_STOPPED', 'ARCHIVE_GAP'].includes(error.code);

/** `from`: what gave, and its state. `state`: of the recipient. */
export function copyFailed(
  { instance }: Recipient,
  from: string,
  error: unknown,
  state = `${instance} may hold half of it and is to be taken for unusable`,
): unknown {
  if (!endsCopy(error)) return error;
  return new RunbookError({
    code: 'COPY_FAILED',
    message: `${instance} could not be filled from ${from}: ${error.message}; ${state}`,
    hint: isDiskFull(error.message) ? LARGER_DISK : error.hint,
    cause: error,
  });
}
