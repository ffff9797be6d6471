import { chooseBase } from '../../../workflows/decisions/backups/physical';
import { type PhysicalPolicy } from '../../../workflows/decisions/backups/policy';
import { readCopyFacts } from '../../../workflows/decisions/backups/xtrabackup';
import { type Deps, serverAsBackup } from '../../deps';
import { RunbookError } from '../../errors';
import { readCatalogue } from '../catalogue';
import { inOrder } from '../count';
import { lookInside } from '../logical/tables';
import { serverFacts } from '../server-facts';
import { type Copied, type PhysicalOrder, type Taking } from '../take';
import { copyHostOf } from './host';

const LOOK_WITHIN_MS = 30_000;

/**
 * Percona XtraBackup, streamed: a full copy, or what was changed since an earlier one of the same server. It says itself what it holds; rows are not
 * counted, since nobody stands still. Its login is in its own option file, on that host.
 * Throws TOOL_MISSING, TOOL_FAILED, those of the store and of the server.
 * Source: Percona XtraBackup manual, "Take an incremental backup", "Take a streaming backup" (--extra-lsndir).
 */
export async function copyByXtraBackup(
  deps: Deps,
  { cluster, source, id, incremental }: PhysicalOrder,
  { folder, command }: Extract<PhysicalPolicy, { tool: 'xtrabackup' }>,
  { store, files, mark }: Taking,
): Promise<Copied> {
  const host = copyHostOf(cluster, source);
  const server = serverAsBackup(deps, cluster, source);
  const look = () => server.session((session) => lookInside(session), { deadlineMs: LOOK_WITHIN_MS });
  const facts = await serverFacts(server);
  const inside = await look();
  const base = incremental ? chooseBase((await readCatalogue(store, cluster.name)).backups, facts.uuid) : null;
  const destination = `${folder}/${id}`;
  const remove = () => host.say(['rm', '-rf', '--', destination]);
  await remove();
  await host.say(['mkdir', '-p', '--', destination]);
  try {
    const since = base?.manifest.lsn ? [`--incremental-lsn=${base.manifest.lsn.to}`] : [];
    const options = ['--backup', '--stream=xbstream', `--target-dir=${destination}`, `--extra-lsndir=${destination}`];
    mark('copying');
    await files.put('data', host.read([...command, ...options, ...since]), 'data.xbstream');
    mark('stored');
    const copied = readCopyFacts(await host.say(['cat', '--', `${destination}/xtrabackup_info`]));
    if (!copied) throw saysNothing(source);
    if ((await look()).fingerprint !== inside.fingerprint) throw changedMeanwhile(source);
    return {
      ...{ ...facts, gtidExecuted: copied.gtids, kind: 'physical', tool: `xtrabackup ${copied.version}` },
      ...{ base: base?.manifest.id ?? null, lsn: copied.lsn, stillMs: null },
      counted: inOrder(inside.tables.map(({ schema, name, engine }) => ({ schema, name, engine, rows: null }))),
      notes: incremental
        ? [base ? `what was changed since ${base.manifest.id}` : `a full one: ${source} has none to put it on`]
        : [],
    };
  } finally {
    await remove().catch(() => undefined);
  }
}

const saysNothing = (source: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `xtrabackup_info of ${source} names no version, GTID set and place of the redo log`,
    hint: 'Look at what it printed; it needs GTIDs, and BACKUP_ADMIN, PROCESS, RELOAD, REPLICATION CLIENT.',
  });

const changedMeanwhile = (source: string): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `a definition on ${source} was changed during the copy`,
    hint: 'It is tried again; take backups apart from schema changes.',
  });
