import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClusterSnapshot } from '../../workflows/decisions/facts';
import { type Outsider, outsiders } from '../../workflows/decisions/outsiders';
import { type Deps } from '../deps';
import { quarantine } from '../fencing/quarantine';
import { salvageTransactions } from '../reports/salvage';

/**
 * Keeps servers out that a later promotion has replaced. One that takes writes (a hung primary that woke up, a healed partition) is
 * made read-only at every look that finds it so. One that came back with transactions that nobody else has gets them copied to a
 * file, once; that may take minutes, so it goes on beside the looks. What fails is tried again at the next look.
 */
export function guardFences(deps: Deps): (cluster: Cluster, snapshot: ClusterSnapshot) => Promise<void> {
  const settled = new Set<string>();
  const copying = new Set<string>();

  const settle = async (cluster: Cluster, { name, extra }: Outsider, current: string): Promise<void> => {
    const kept = await quarantine(deps, cluster, name, current);
    if (!kept.reached) return;
    if (kept.extra !== '') await salvageTransactions(deps, cluster, name, kept.extra);
    settled.add(keyOf({ name, extra }));
  };

  return async (cluster, snapshot) => {
    const { current, writable, returned } = outsiders(snapshot);
    if (current === null) return;
    const open = writable.filter(({ name }) => !copying.has(name));
    const back = returned.filter((one) => !settled.has(keyOf(one)) && !copying.has(one.name));
    await Promise.all(
      [...open, ...back].map(async (one) => {
        copying.add(one.name);
        await settle(cluster, one, current)
          .catch(() => undefined)
          .finally(() => copying.delete(one.name));
      }),
    );
  };
}

const keyOf = ({ name, extra }: Outsider): string => `${name} ${extra}`;
