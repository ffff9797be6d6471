import { type ArchivePolicy } from '../../workflows/decisions/backups/policy';
import { type Cluster } from '../../workflows/decisions/cluster';
import { backupsOf } from '../backups/places';
import { RunbookError } from '../errors';

/** Throws INVENTORY_INVALID where the inventory does not want binary logs archived. */
export function archiveOf(cluster: Cluster): ArchivePolicy {
  const { archive } = backupsOf(cluster);
  if (archive) return archive;
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `${cluster.name} has no backups.archive in the inventory, so its binary logs are not archived`,
    hint: 'Add archive: { folder: /var/lib/mysql-runbooks/archive } to its backups.',
  });
}
