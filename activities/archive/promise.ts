import { type Claimant } from '../../workflows/decisions/archive/purge';
import { promisedBases } from '../../workflows/decisions/backups/retention';
import { type Cluster } from '../../workflows/decisions/cluster';
import { readCatalogue } from '../backups/catalogue';
import { placesOf } from '../backups/places';
import { type Deps } from '../deps';

/**
 * Where no archive keeps binary logs, the servers' own must reach back to the bases from which the promised days are reached; while no backup is so old, to
 * the oldest. Throws as the store does.
 */
export async function promiseOf(deps: Pick<Deps, 'secret'>, cluster: Cluster, nowMs: number): Promise<Claimant[]> {
  const { policy, store } = await placesOf(deps, cluster);
  const { promisedDays } = policy.retention;
  if (promisedDays === 0) return [];
  const { backups } = await readCatalogue(store, cluster.name);
  const bases = promisedBases(backups, policy.retention, nowMs);
  const oldest = backups.find(({ verified }) => verified?.verdict !== 'failed');
  if (!oldest) return [{ who: PROMISE, has: null, because: 'there is no backup yet' }];
  return (bases.length > 0 ? bases : [oldest]).map(({ manifest }) => ({
    who: `the promise to restore any second of ${promisedDays} days from backup ${manifest.id}`,
    has: manifest.gtidExecuted,
  }));
}

export const PROMISE = 'the promise to restore';
