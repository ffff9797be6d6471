import {
  type BackupManifest,
  type Check,
  historyPrefix,
  rowsOf,
  sizeOf,
  tellRows,
  type Verification,
  verificationKey,
} from '../../../workflows/decisions/backups/manifest';
import { concludeVerification } from '../../../workflows/decisions/backups/verdict';
import { type StepPart } from '../../../workflows/decisions/report';
import { type Deps, stopwatch } from '../../deps';
import { type ErrorCode, RunbookError } from '../../errors';
import { tellProgress } from '../../progress';
import { findBackup } from '../catalogue';
import { letGoOn } from '../logical/hold';
import { type Stoppable } from '../take';
import { backupsOf, placesOf } from '../places';
import { restoreIntoScratch } from '../restore/scratch';
import { type Scratch } from '../scratch/scratch';
import { follow, type FollowOrder, meet, purgedFor } from './follow';
import { compareWithOracle, openOracle } from './oracle';
import { provePoint } from './point';
import { type Said, passed, skipped, verdict } from './said';
import { checkTables, compareWithManifest } from './tables';

export interface ProveOrder extends FollowOrder {
  /** null = the newest. */
  readonly id: string | null;
  /** Run id of the verification. */
  readonly run: string;
}

export type Proved = Verification & { readonly parts: readonly StepPart[] };

/** What a backup that is no good makes of a step; anything else is the surroundings' fault and tried again. */
const DAMAGE: readonly ErrorCode[] = [
  ...(['BACKUP_DAMAGED', 'LOAD_FAILED', 'STORE_OBJECT_MISSING', 'ARCHIVE_GAP'] as const),
  ...(['APPLIER_STOPPED', 'RECEIVER_STOPPED', 'RELAY_LOG_STALLED', 'STATEMENT_FAILED'] as const),
];

/**
 * Restore a backup into a scratch server and find out whether it is one: every table with its rows, the server's own check, the archive up to a random
 * transaction, the rest from a replica, and sums compared with that replica at one GTID set. The result is written beside the manifest and into the
 * history; the scratch server is destroyed, whatever comes of it. A later attempt begins anew, and clears away what the one before has left.
 * Throws BACKUP_UNKNOWN, INVENTORY_INVALID (no scratch place), TOOL_MISSING, TOOL_FAILED, STORE_UNREACHABLE.
 */
export async function proveBackup(deps: Deps & Stoppable, order: ProveOrder): Promise<Proved> {
  const { cluster, run } = order;
  const watch = stopwatch('verify', deps.checkpoint);
  const mark = (name: string) => {
    deps.stopped?.throwIfAborted();
    watch.mark(name);
  };
  const { store } = await placesOf(deps, cluster);
  const { scratch: place } = backupsOf(cluster);
  if (!place)
    throw new RunbookError({
      code: 'INVENTORY_INVALID',
      message: `the inventory names no place where a backup of ${cluster.name} could be restored`,
      hint: `Write clusters.${cluster.name}.backups.scratch: { mysqld: /usr/sbin/mysqld, folder: /scratch }.`,
    });
  await letGoOn(deps, order);
  const { manifest } = await findBackup(store, cluster.name, order.id);
  const { stopped } = deps;
  const checks: Check[] = [];
  let restoreMs: number | null = null;

  const began = performance.now();
  const name = `${manifest.id}-${run.slice(0, 8)}`;
  const progress = (done: number, total: number) =>
    tellProgress(deps, restoring(done, total, performance.now() - began));
  const held: { scratch: Scratch | null } = { scratch: null };
  try {
    await check(checks, 'restored', async () => {
      held.scratch = await restoreIntoScratch(deps, { cluster, place, name, manifest, progress, stopped });
      restoreMs = Math.round(performance.now() - began);
      return passed(
        `${tellRows(rowsOf(manifest))} in ${manifest.tables.length} tables, ${sizeOf(manifest)} bytes as stored`,
      );
    });
    mark('restored');
    if (held.scratch) await examine(deps, order, manifest, held.scratch, checks, mark);
  } catch (error) {
    // Its scratch server was ended: whatever somebody says of that is no finding.
    stopped?.throwIfAborted();
    throw error;
  } finally {
    await held.scratch?.destroy();
  }
  watch.mark('destroyed');
  const verification: Verification = {
    ...{ version: 1, backup: manifest.id, run, at: new Date().toISOString() },
    ...concludeVerification(manifest.id, restoreMs, checks),
    ...{ restoreMs, bytes: sizeOf(manifest), rows: rowsOf(manifest), checks },
  };
  const text = `${JSON.stringify(verification, null, 1)}\n`;
  await store.writeText(historyKey(cluster.name, verification), text);
  await store.writeText(verificationKey(cluster.name, manifest.id), text);
  watch.mark('written');
  return { ...verification, parts: watch.parts() };
}

/** Beside the backups, so that the history outlives them. */
const historyKey = (cluster: string, { at, run }: Verification): string =>
  `${historyPrefix(cluster)}${at.replaceAll(/[-:]/g, '').slice(0, 15)}Z-${run.slice(0, 8)}.json`;
const restoring = (done: number, total: number, ms: number) => {
  const rate = ms > 0 ? (done * 1000) / ms : 0;
  const etaSeconds = rate > 0 ? Math.round((total - done) / rate) : null;
  return { stage: 'RESTORE', done, total, unit: 'bytes' as const, rate: Math.round(rate), etaSeconds };
};

async function examine(
  deps: Deps & Stoppable,
  order: ProveOrder,
  manifest: BackupManifest,
  scratch: Scratch,
  checks: Check[],
  mark: (name: string) => void,
): Promise<void> {
  const { mysql } = scratch;
  const heard = (what: string) => deps.heartbeat({ stage: what });
  heard('tables and rows');
  await check(checks, 'tables and rows', async () =>
    verdict(
      await compareWithManifest(mysql, manifest.tables),
      `${manifest.tables.length} tables, ${tellRows(rowsOf(manifest))}`,
    ),
  );
  mark('counted');
  heard('CHECK TABLE');
  await check(checks, 'CHECK TABLE', async () =>
    verdict(await checkTables(mysql, manifest.tables), `${manifest.tables.length} tables`),
  );
  mark('checked');
  await check(checks, 'point in time', () => provePoint(deps, order, manifest.gtidExecuted, scratch));
  mark('point');
  const purged = await purgedFor(deps, order, scratch);
  if (purged !== '') {
    const because = `${order.source} has purged ${purged}, which comes behind this backup`;
    checks.push(
      { name: 'replicates', ...skipped(because), ms: null },
      { name: 'equal sums', ...skipped(because), ms: null },
    );
    return;
  }
  const follows = await check(checks, 'replicates', async () =>
    passed(`from ${order.source} to ${await follow(deps, order, scratch)}`),
  );
  mark('followed');
  if (!follows) return;
  await check(checks, 'equal sums', async () => {
    const oracle = await openOracle(deps, order, (gtids) => meet(scratch, gtids));
    const { gtids, tables, leftOut } = oracle;
    const without = leftOut.length > 0 ? `; left out, having no snapshots: ${leftOut.join(', ')}` : '';
    const differs = await compareWithOracle(oracle, scratch);
    return verdict(differs, `${tables.length} tables as on ${order.source} at ${gtids}${without}`);
  });
  mark('compared');
}

/** true = it did not fail. */
async function check(checks: Check[], name: string, work: () => Promise<Said>): Promise<boolean> {
  const since = performance.now();
  const ms = () => Math.round(performance.now() - since);
  try {
    const said = await work();
    checks.push({ name, ...said, ms: ms() });
    return said.verdict !== 'failed';
  } catch (error) {
    if (!(error instanceof RunbookError) || !DAMAGE.includes(error.code)) throw error;
    checks.push({ name, verdict: 'failed', detail: error.message, ms: ms() });
    return false;
  }
}
