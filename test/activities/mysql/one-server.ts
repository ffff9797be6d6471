import { RunbookError } from '../../../activities/errors';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { type Mysql } from '../../../activities/mysql/mysql';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { type Lab, type LabOptions } from '../../../lab';
import { type Cluster, type Instance, type SecretReference } from '../../../workflows/decisions/cluster';
import { withLab } from '../../support/lab';

export interface OneServer {
  readonly lab: Lab;
  readonly cluster: Cluster;
  readonly instance: Instance;
  /** Connections as a worker keeps them; `secrets` in place of the lab's own. */
  connect(secrets?: (reference: SecretReference) => Promise<string>): KeptServers;
}

/** One real server for a test file. */
export function withOneServer(options: LabOptions = {}): () => OneServer {
  const lab = withLab({ replicas: 0, router: 'none', durability: 'async', ...options });
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = (await loadInventory(lab().inventoryPath)).clusters[0];
  });
  return () => {
    const instance = cluster?.instances[0];
    if (!cluster || !instance) throw new Error('the lab has no cluster');
    const own = (reference: SecretReference) => resolveSecret(reference, lab().folder);
    return { lab: lab(), cluster, instance, connect: (secrets = own) => openServers({ secrets }) };
  };
}

export const db1Of = ({ cluster, instance }: OneServer, servers: KeptServers): Mysql => servers.of(cluster, instance);

/** What the work is rejected with; fails the test when it is not. */
export async function failure(work: Promise<unknown>): Promise<RunbookError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RunbookError);
  return error as RunbookError;
}
