import { randomPoint } from '../../../workflows/decisions/backups/point';
import { emptyGtidSet, parseGtidSet } from '../../../workflows/decisions/gtid-set';
import { applyArchived } from '../../archive/apply';
import { openShelf } from '../../archive/shelf';
import { type Deps, serverNamed } from '../../deps';
import { type Scratch } from '../scratch/scratch';
import { type FollowOrder } from './follow';

/**
 * From the backup to a random transaction of the archive, by the archive alone. What it left behind is compared at the end, when the scratch server has
 * taken the rest from a replica. null = nothing is archived behind the backup. Throws ARCHIVE_GAP, BACKUP_DAMAGED, APPLIER_STOPPED.
 */
export async function toRandomPoint(
  deps: Deps,
  { cluster, source }: FollowOrder,
  base: string,
  scratch: Scratch,
): Promise<string | null> {
  const shelf = await openShelf(deps, cluster);
  const executed = String((await serverNamed(deps, cluster, source).value('SELECT @@global.gtid_executed')) ?? '');
  const point = randomPoint(base, executed, (await shelf.coverage()).files, Math.random());
  if (!point) return null;
  const applied = await applyArchived(
    scratch.mysql,
    shelf,
    { target: parseGtidSet(point.target), without: emptyGtidSet },
    { checkpoint: deps.checkpoint, progress: (done, total) => deps.heartbeat({ stage: 'archive', done, total }) },
  );
  return `${applied.transactions} transactions of ${applied.files} archived files, to ${point.last}`;
}
