import { type RunbookReport } from './decisions/report';
import { parseInput, type VerifyOrder, verifyOrder } from './inputs';
import { backups } from './steps/activities';
import { findHold, thenLetGoOn } from './steps/backup-source';
import { unlessCalledOff } from './steps/call-off';
import { keep } from './steps/keep';
import { openRunbook, type Runbook } from './steps/runbook';
import { whileStoreIsAway } from './steps/store-patience';

const form = { workflow: 'verifyBackup', example: { cluster: 'orders' } };

/**
 * A backup is a thing that has been restored. Paper: docs/runbooks/verify-backup.md, whose step names are used here. Nothing of the
 * cluster is changed; the applier of one replica stands still for a moment. A backup that is none is a failed run.
 */
export async function verifyBackup(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(verifyOrder, input, form);
  const book = openRunbook('verifyBackup', order);
  return unlessCalledOff(book, () => verify(book, order));
}

async function verify(book: Runbook, order: VerifyOrder): Promise<RunbookReport> {
  const found = await findHold(book, order);
  if ('refused' in found) return keep(found.refused);
  const { hold, because } = found;
  const { source } = hold;
  const which = order.backup ?? 'the newest backup';
  if (order.dryRun)
    return keep(book.close('planned', `${which} would be restored, and compared with ${source}: ${because}`));

  book.phase('prove', `${which} is restored into a scratch server`);
  const proof = await thenLetGoOn(
    book,
    hold,
    book.step(
      'Restore it, check it, let it follow, compare it, destroy it',
      () =>
        whileStoreIsAway(book, 'prove', () =>
          backups.proveBackup({ ...hold, id: order.backup ?? null, run: book.run }),
        ),
      ({ because }) => because,
    ),
  );
  book.found.evidence.push(
    ...proof.checks.map(
      ({ name, verdict, detail, ms }) => `${name}: ${verdict}${ms === null ? '' : ` in ${ms} ms`}, ${detail}`,
    ),
  );
  if (proof.restoreMs !== null)
    book.found.rto = {
      ...{ totalMs: proof.restoreMs, from: 'nothing', to: 'a server with all rows' },
      because: 'measured: everything is gone, and the backup is restored',
    };
  if (proof.verdict === 'proven') return keep(book.close('done', proof.because));
  book.found.left.push(`take a new backup now (backUp), and find out what happened to ${proof.backup}`);
  return keep(book.close('failed', proof.because));
}
