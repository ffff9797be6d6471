import { type Claimant } from '../../workflows/decisions/archive/purge';
import { type Cluster } from '../../workflows/decisions/cluster';
import { readCatalogue } from '../backups/catalogue';
import { placesOf } from '../backups/places';
import { type Deps } from '../deps';

const DAY_MS = 86_400_000;

/** Where no archive keeps binary logs, the servers' own must reach back to the base of the oldest moment that is promised. */
export async function oldestPromise(
  deps: Pick<Deps, 'secret'>,
  cluster: Cluster,
): Promise<Pick<Claimant, 'has' | 'because'>> {
  const { policy, store } = await placesOf(deps, cluster);
  const since = Date.now() - policy.retention.promisedDays * DAY_MS;
  const { backups } = await readCatalogue(store, cluster.name);
  const base = backups.findLast(({ manifest }) => Date.parse(manifest.endedAt) <= since) ?? backups[0];
  return base ? { has: base.manifest.gtidExecuted } : { has: null, because: 'there is no backup yet' };
}
