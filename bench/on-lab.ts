import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Deps } from '../activities/deps';
import { findCluster, loadInventory } from '../activities/inventory/inventory';
import { resolveSecret } from '../activities/inventory/secrets';
import { openServers } from '../activities/mysql/servers';
import { type Lab, type LabOptions, startLab } from '../lab';
import { clientPrograms } from '../lab/worker';
import { type Cluster } from '../workflows/decisions/cluster';

export interface Bench {
  readonly lab: Lab;
  readonly cluster: Cluster;
  readonly deps: Deps;
  /** Deleted at the end, whatever is in it. */
  readonly folder: string;
}

/** Activities called as functions, without Temporal, on servers that nobody else uses. */
export async function onLab<Result>(options: LabOptions, work: (bench: Bench) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mrb-'));
  const lab = await startLab({
    ...{ name: 'bench', lifetime: 'starter', router: 'none', durability: 'async', folder: join(folder, 'lab') },
    ...options,
  });
  Object.assign(process.env, clientPrograms(lab.state));
  const inventory = await loadInventory(lab.inventoryPath);
  const secret: Deps['secret'] = (reference) => resolveSecret(reference, inventory.folder);
  const servers = openServers({ secrets: secret });
  const nothing = () => undefined;
  const deps: Deps = {
    ...{ servers, secret, inventory: () => Promise.resolve(inventory) },
    ...{ checkpoint: nothing, heartbeat: nothing },
  };
  try {
    return await work({ lab, cluster: findCluster(inventory, lab.cluster), deps, folder });
  } finally {
    await servers.close();
    await lab.down();
    rmSync(folder, { recursive: true, force: true });
  }
}
