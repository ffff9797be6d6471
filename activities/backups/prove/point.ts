import { setTimeout as pause } from 'node:timers/promises';
import { behindTheArchive, randomPoint } from '../../../workflows/decisions/backups/point';
import { emptyGtidSet, isEmpty, parseGtidSet } from '../../../workflows/decisions/gtid-set';
import { type Applied, applyArchived } from '../../archive/apply';
import { archiveOf } from '../../archive/policy';
import { openShelf, type Shelf } from '../../archive/shelf';
import { type Deps, serverNamed } from '../../deps';
import { executedOn } from '../../replication/meet';
import { type Scratch } from '../scratch/scratch';
import { type Stoppable } from '../take';
import { type FollowOrder } from './follow';
import { compareWithOracle, openOracle } from './oracle';
import { type Said, skipped, verdict } from './said';

const LOOK_EVERY_MS = 500;
/** Beside the age at which a file is closed, twice: it is stored, and somebody may be slow. */
const GRACE_MS = 30_000;

/**
 * By the archive alone: from the backup to a random transaction of the past, then on to the one at which the source happens to stand still, where every
 * table is compared with a snapshot of the source. The source goes on at once; the archive is waited for.
 * Throws ARCHIVE_GAP, BACKUP_DAMAGED, APPLIER_STOPPED.
 */
export async function provePoint(
  deps: Deps & Stoppable,
  order: FollowOrder,
  base: string,
  scratch: Scratch,
): Promise<Said> {
  const { cluster, source } = order;
  if (!cluster.backups?.archive) return skipped('no binary logs are archived');
  const shelf = await openShelf(deps, cluster);
  const apply = (target: string): Promise<Applied> =>
    applyArchived(
      scratch.mysql,
      shelf,
      { target: parseGtidSet(target), without: emptyGtidSet },
      {
        checkpoint: (name) => {
          deps.stopped?.throwIfAborted();
          deps.checkpoint(name);
        },
        progress: (done, total) => deps.heartbeat({ stage: 'archive', done, total }),
      },
    );

  const executed = await executedOn(serverNamed(deps, cluster, source));
  const past = randomPoint(base, executed, (await shelf.coverage()).files, Math.random());
  if (!past) return skipped('nothing is archived behind this backup');
  const applied = await apply(past.target);
  const there = `${applied.transactions} transactions of ${applied.files} archived files, to ${past.last}`;

  const oracle = await openOracle(deps, order);
  const late = await untilArchived(deps, order, shelf, await executedOn(scratch.mysql), oracle.gtids);
  if (late !== '') return skipped(`${there}; nothing to compare with: ${late} of ${source} are not archived yet`);
  await apply(oracle.gtids);
  const well = `${there}, and on to where ${source} stood still: ${oracle.tables.length} tables as there at ${oracle.gtids}`;
  return verdict(await compareWithOracle(oracle, scratch), well);
}

/** What is still to come when the archive has had its time; '' = it is all there, or there is a hole that will not be closed by waiting. */
async function untilArchived(
  deps: Deps & Stoppable,
  { cluster }: FollowOrder,
  shelf: Shelf,
  has: string,
  wanted: string,
): Promise<string> {
  const until = performance.now() + 2_000 * archiveOf(cluster).seconds + GRACE_MS;
  for (;;) {
    const { missing, toCome } = behindTheArchive(wanted, has, (await shelf.coverage()).files);
    if (isEmpty(parseGtidSet(missing))) return '';
    if (performance.now() > until) return toCome;
    deps.heartbeat({ stage: 'waiting for the archive', missing });
    await pause(LOOK_EVERY_MS);
    deps.stopped?.throwIfAborted();
  }
}
