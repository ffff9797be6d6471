import { type Cluster } from './decisions/cluster';
import { backupId } from './decisions/backups/manifest';
import { bytes } from './decisions/progress';
import { type RunbookReport } from './decisions/report';
import { type BackUpOrder, backUpOrder, parseInput } from './inputs';
import { backups, tidy } from './steps/activities';
import { findSource } from './steps/backup-source';
import { unlessCalledOff } from './steps/call-off';
import { keep } from './steps/keep';
import { refusal } from './steps/preflight';
import { openRunbook, type Runbook } from './steps/runbook';
import { whileStoreIsAway } from './steps/store-patience';

const form = { workflow: 'backUp', example: { cluster: 'orders' } };

/**
 * A backup from one consistent snapshot of a replica, whole in the store or not there. Paper: docs/runbooks/back-up.md, whose step names are
 * used here. Clients notice nothing: the applier of that replica stands still for a moment. A backup nobody has restored is a file; see verifyBackup.
 */
export async function backUp(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(backUpOrder, input, form);
  const book = openRunbook('backUp', order);
  return unlessCalledOff(book, () => take(book, order));
}

async function take(book: Runbook, order: BackUpOrder): Promise<RunbookReport> {
  const { cluster, choice } = await findSource(book, order);
  const refusals = [
    ...(cluster.backups ? [] : [noBackups(cluster)]),
    ...(choice.source === null ? [{ sentence: choice.because, cure: choice.cure }] : []),
  ];
  if (refusals.length > 0 || choice.source === null) {
    const { outcome, headline } = refusal(book, refusals);
    return keep(book.close(outcome, headline));
  }
  const { source, isPrimary } = choice;
  const id = backupId(book.startedAt, book.run);
  if (order.dryRun) return keep(book.close('planned', `${id} would be taken from ${source}: ${choice.because}`));

  book.phase('dump', `${id} is taken from ${source}`);
  const hold = { cluster, source, isPrimary };
  const taken = await book
    .step(
      'Take it from one snapshot, table by table, and write its manifest last',
      () => whileStoreIsAway(book, 'dump', () => backups.takeLogical({ ...hold, id, startedAt: book.startedAt })),
      (done) =>
        `${done.rows} rows in ${done.tables} tables, ${bytes(done.bytes)} as stored${done.stillMs === null ? '' : `; ${isPrimary ? 'commits' : 'the applier'} stood still for ${done.stillMs} ms`}`,
    )
    .catch(async (error: unknown) => {
      // Whatever it stopped, it starts again, also when it has failed for good.
      await tidy
        .letGoOn(hold)
        .catch(() => book.found.left.push(`look whether ${source} applies: it could not be asked`));
      throw error;
    });
  book.found.evidence.push(
    `${id} holds ${taken.gtidExecuted === '' ? 'no transaction' : taken.gtidExecuted}`,
    ...taken.notes,
  );

  await book
    .step(
      'Remove what retention no longer keeps',
      () => backups.retainBackups({ cluster }),
      ({ keep: kept, remove, swept }) => `${kept.length} stay; gone: ${[...remove, ...swept].join(', ') || 'none'}`,
    )
    .catch(() => book.found.left.push('old backups could not be removed; the next run does it'));
  return keep(
    book.close(
      'done',
      `${id} is taken from ${source}: ${taken.rows} rows, ${bytes(taken.bytes)}; not proven yet: verifyBackup`,
    ),
  );
}

export const noBackups = (cluster: Cluster) => ({
  sentence: `the inventory says nothing of backups of ${cluster.name}`,
  cure: `write clusters.${cluster.name}.backups: { store: { kind: folder, path: /backups } }`,
});
