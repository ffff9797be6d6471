import { type PurgeDecision } from './decisions/archive/purge';
import { type RunbookReport } from './decisions/report';
import { parseInput, purgeOrder } from './inputs';
import { archiving } from './steps/activities';
import { attempt } from './steps/attempts';
import { keep } from './steps/keep';
import { holdsLock, underLock } from './steps/lock';
import { openRunbook } from './steps/runbook';

const form = { workflow: 'purgeBinlogs', example: { cluster: 'orders' } };

/**
 * Binary logs that nobody needs any more go, member by member. Paper: docs/runbooks/purge-binlogs.md. Under the cluster's lock: nobody is
 * repointed to a server while it forgets.
 */
export async function purgeBinlogs(input?: unknown): Promise<RunbookReport> {
  const order = parseInput(purgeOrder, input, form);
  if (!order.dryRun && !holdsLock(order.cluster)) return underLock('purgeBinlogs', order.cluster, order);

  const book = openRunbook('purgeBinlogs', order);
  const decision = await book.step(
    'Look what every member, the archive and the backups still need',
    () => archiving.surveyPurge({ cluster: order.cluster, keep: order.keep }),
    ({ because }) => because,
  );
  book.found.decisions.push(...linesOf(decision), decision.because);
  if (order.dryRun) return keep(book.close('planned', decision.because));
  const due = decision.members.filter(({ to }) => to !== null);
  if (due.length === 0) return keep(book.close('stood down', `Nothing was purged: ${decision.because}`));

  for (const { name, to, files } of due)
    await attempt(
      book,
      `Purge the binary logs of ${name}`,
      () => archiving.purgeTo({ cluster: decision.cluster, name, to: to ?? '' }),
      () => `${files} files before ${to ?? ''}`,
    );
  return keep(book.close(book.found.left.length === 0 ? 'done' : 'failed', decision.because));
}

const linesOf = ({ members }: PurgeDecision): string[] =>
  members.map(({ name, to, files, bytes, heldBackBy }) => {
    const goes = to === null ? 'nothing goes' : `${files} files before ${to} go, ${Math.round(bytes / 1e5) / 10} MB`;
    return `${name}: ${goes}${heldBackBy === '' ? '' : `; ${heldBackBy}`}`;
  });
