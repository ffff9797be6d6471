import { type BackupPolicy } from '../../workflows/decisions/backups/policy';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';
import { RunbookError } from '../errors';
import { openSealing, type Sealing } from './sealing/sealing';
import { openStore } from './store/open';
import { type Store } from './store/store';

/** Where the backups of a cluster are and how they are sealed. Throws INVENTORY_INVALID where the inventory says nothing of it, SECRET_UNAVAILABLE. */
export async function placesOf(
  { secret }: Pick<Deps, 'secret'>,
  cluster: Cluster,
): Promise<{ readonly policy: BackupPolicy; readonly store: Store; readonly sealing: Sealing }> {
  const policy = backupsOf(cluster);
  return { policy, store: await openStore(policy.store, secret), sealing: await openSealing(policy, secret) };
}

export function backupsOf(cluster: Cluster): BackupPolicy {
  if (cluster.backups) return cluster.backups;
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `the inventory says nothing of backups of ${cluster.name}`,
    hint: `Write clusters.${cluster.name}.backups: { store: { kind: folder, path: /backups } }.`,
  });
}
