import { type ArchivePolicy, type BackupPolicy } from '../../workflows/decisions/backups/policy';
import { type Cluster } from '../../workflows/decisions/cluster';
import { RunbookError } from '../errors';

/** Throws INVENTORY_INVALID where the inventory has no backups of this cluster. */
export function backupsOf({ name, backups }: Cluster): BackupPolicy {
  if (backups) return backups;
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `${name} has no backups in the inventory, so there is no store`,
    hint: 'Add backups: { store: { kind: folder, path: /backups } } to it.',
  });
}

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
