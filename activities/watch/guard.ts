import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClusterSnapshot } from '../../workflows/decisions/facts';
import { outsiders } from '../../workflows/decisions/outsiders';
import { type Deps } from '../deps';
import { quarantine } from '../fencing/quarantine';
import { salvageTransactions } from '../reports/salvage';

/**
 * Keeps servers out that a later promotion has replaced. One that takes writes (a hung primary that woke up, a healed partition) is
 * made read-only at the look that finds it; one that came back with transactions that nobody else has gets them copied to a file,
 * once. What fails is tried again at the next look; one look's work is not begun again while it lasts.
 */
export function guardFences(deps: Deps): (cluster: Cluster, snapshot: ClusterSnapshot) => Promise<void> {
  const copied = new Set<string>();
  const guard = async (cluster: Cluster, snapshot: ClusterSnapshot): Promise<void> => {
    const { current, writable, returned } = outsiders(snapshot);
    if (current === null) return;
    for (const { name, extra } of [...writable, ...returned]) {
      const key = `${name} ${extra}`;
      if (copied.has(key)) continue;
      const kept = await quarantine(deps, cluster, name, current);
      if (!kept.reached) continue;
      if (kept.extra !== '') {
        const file = await salvageTransactions(deps, cluster, name, kept.extra).catch(() => null);
        if (file === null) continue;
      }
      copied.add(key);
    }
  };
  let running = false;
  return async (cluster, snapshot) => {
    if (running) return;
    running = true;
    await guard(cluster, snapshot).finally(() => (running = false));
  };
}
