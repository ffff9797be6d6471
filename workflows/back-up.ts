import { backupId, tellRows } from './decisions/backups/manifest';
import { refusePhysical } from './decisions/backups/physical';
import { bytes } from './decisions/progress';
import { type RunbookReport } from './decisions/report';
import { type BackUpOrder, backUpOrder, parseInput } from './inputs';
import { backups } from './steps/activities';
import { findHold, thenLetGoOn } from './steps/backup-source';
import { unlessCalledOff } from './steps/call-off';
import { keep } from './steps/keep';
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
  const isPhysical = order.kind === 'physical';
  const found = await findHold(book, order, ({ cluster, source, isPrimary }) =>
    isPhysical ? refusePhysical(cluster, source, isPrimary, order.incremental) : [],
  );
  if ('refused' in found) return keep(found.refused);
  const { hold, because } = found;
  const { cluster, source, isPrimary } = hold;
  const id = backupId(book.startedAt, book.run);
  if (order.dryRun) return keep(book.close('planned', `${id} would be taken from ${source}: ${because}`));

  book.phase('dump', `${id} is taken from ${source}`);
  const taken = await thenLetGoOn(
    book,
    hold,
    book.step(
      'Take it, as of one moment, and write its manifest last',
      () =>
        whileStoreIsAway(book, 'dump', () => {
          const taking = { ...hold, id, startedAt: book.startedAt };
          return isPhysical
            ? backups.takePhysical({ ...taking, incremental: order.incremental })
            : backups.takeLogical(taking);
        }),
      (done) =>
        `${tellRows(done.rows)} in ${done.tables} tables, ${bytes(done.bytes)} as stored${done.stillMs === null ? '' : `; ${isPrimary ? 'commits' : 'the applier'} stood still for ${done.stillMs} ms`}`,
    ),
  );
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
      `${id} is taken from ${source}: ${tellRows(taken.rows)}, ${bytes(taken.bytes)}; not proven yet: verifyBackup`,
    ),
  );
}
