import { backupPrefix, manifestKey } from '../../workflows/decisions/backups/manifest';
import { abandoned, decideRetention, type Retention } from '../../workflows/decisions/backups/retention';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';
import { readCatalogue } from './catalogue';
import { removeAll } from './take';
import { placesOf } from './places';

/** `put` may be at work on what is younger. */
const PARTS_AFTER_MS = 7 * 86_400_000;

export interface Retained extends Retention {
  /** Begun and never finished, now gone. */
  readonly swept: readonly string[];
}

/**
 * Remove what retention does not keep, and what runs that died have left. A manifest goes before its files: what is half removed does not exist. Repeats
 * safely. Throws as the store does.
 */
export async function retainBackups(deps: Deps, cluster: Cluster, nowMs: number): Promise<Retained> {
  const { store, policy } = await placesOf(deps, cluster);
  const { backups, unfinished } = await readCatalogue(store, cluster.name);
  const retention = decideRetention(backups, policy.retention, nowMs);
  const swept = abandoned(unfinished, nowMs);
  for (const id of [...retention.remove, ...swept]) {
    await store.remove(manifestKey(cluster.name, id));
    deps.checkpoint('retain:manifest gone');
    await removeAll(store, backupPrefix(cluster.name, id));
    deps.heartbeat({ removed: id });
  }
  await store.sweep(new Date(nowMs - PARTS_AFTER_MS));
  return { ...retention, swept };
}
