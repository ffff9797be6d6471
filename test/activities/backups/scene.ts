import { type Deps } from '../../../activities/deps';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { openServers } from '../../../activities/mysql/servers';
import { type Lab } from '../../../lab';
import { clientPrograms } from '../../../lab/worker';
import { type BackupPolicy, type ScratchPlace } from '../../../workflows/decisions/backups/policy';
import { type Cluster, type SecretReference } from '../../../workflows/decisions/cluster';

export interface Scene {
  readonly lab: Lab;
  readonly cluster: Cluster & { readonly backups: BackupPolicy };
  readonly scratch: ScratchPlace;
  readonly deps: Deps;
  readonly marks: string[];
  close(): Promise<void>;
}

/** A lab's cluster, and activities' dependencies as a worker has them. */
export async function backupScene(lab: Lab, more: Partial<BackupPolicy> = {}): Promise<Scene> {
  Object.assign(process.env, clientPrograms(lab.state));
  const inventory = await loadInventory(lab.inventoryPath);
  const [written] = inventory.clusters;
  const scratch = written?.backups?.scratch;
  if (!written?.backups || !scratch) throw new Error('the lab has no backups');
  const cluster = { ...written, backups: { ...written.backups, ...more } };
  const secret = (reference: SecretReference) => resolveSecret(reference, lab.folder);
  const servers = openServers({ secrets: secret });
  const marks: string[] = [];
  const deps: Deps = {
    servers,
    secret,
    inventory: () => Promise.resolve({ ...inventory, clusters: [cluster] }),
    checkpoint: (name) => void marks.push(name),
    heartbeat: () => undefined,
  };
  return { lab, cluster, scratch, deps, marks, close: () => servers.close() };
}
