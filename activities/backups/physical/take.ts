import { type PhysicalPolicy } from '../../../workflows/decisions/backups/policy';
import { type Deps } from '../../deps';
import { RunbookError } from '../../errors';
import { type PhysicalOrder, type Stoppable, takeBackup, type Taken } from '../take';
import { copyByClone } from './clone';
import { copyByXtraBackup } from './xtrabackup';

/**
 * A backup of a whole data folder, with the tool of the inventory, streamed from the host of the server that is copied. Its accounts are in it.
 * Repeats safely as `takeBackup` does; a copy that lies on that host is removed, whatever comes of it.
 * Throws INVENTORY_INVALID, INVALID_INPUT, TOOL_MISSING, TOOL_FAILED, those of the store and of the server.
 */
export const takePhysical = (deps: Deps & Stoppable, order: PhysicalOrder): Promise<Taken> =>
  takeBackup(deps, order, (taking) => {
    const physical = taking.policy.physical ?? notSaid(order.cluster.name);
    return physical.tool === 'clone'
      ? copyByClone(deps, order, physical, taking)
      : copyByXtraBackup(deps, order, physical, taking);
  });

function notSaid(cluster: string): PhysicalPolicy {
  throw new RunbookError({
    code: 'INVENTORY_INVALID',
    message: `the inventory does not say how a data folder of ${cluster} is copied`,
    hint: `Write clusters.${cluster}.backups.physical: { tool: clone, folder: /var/lib/mysql-clone }.`,
  });
}
