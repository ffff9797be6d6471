import { createActivities, type Activities } from '../../../activities';
import { type Deps } from '../../../activities/deps';
import { type Inventory, loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { type Lab } from '../../../lab';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { replicaState } from '../../support/wait';

/** The activities of a worker, without a worker: on a lab's real servers, each able to die at a named point. */
export interface Steps {
  readonly cluster: Cluster;
  readonly inventory: Inventory;
  /** Without a death. */
  readonly activities: Activities;
  /**
   * Carries `work` out again and again; each attempt dies at the next point that none before it died at, the last at none.
   * Returns its result and where the others died.
   */
  dyingEverywhere<Result>(
    work: (activities: Activities) => Promise<Result>,
  ): Promise<{ result: Result; died: string[] }>;
  close(): Promise<void>;
}

/** A worker's activities on these servers; whatever needs Temporal is not there. */
export const withoutTemporal = (
  deps: Pick<Deps, 'servers' | 'secret' | 'inventory'> & Partial<Parameters<typeof createActivities>[0]>,
): Activities =>
  createActivities({
    checkpoint: () => undefined,
    heartbeat: () => undefined,
    cancelled: () => new AbortController().signal,
    remembered: () => undefined,
    attempt: () => 1,
    warn: () => undefined,
    startFailover: () => Promise.reject(new Error('no Temporal here')),
    rehearse: () => Promise.resolve(),
    client: undefined as never,
    ...deps,
  });

export async function stepsOn(lab: Lab): Promise<Steps> {
  const inventory = await loadInventory(lab.inventoryPath);
  const [cluster] = inventory.clusters;
  if (!cluster) throw new Error('the lab has no cluster');
  const secret = (reference: Parameters<typeof resolveSecret>[0]) => resolveSecret(reference, lab.folder);
  const servers: KeptServers = openServers({ secrets: secret });
  const withCheckpoint = (checkpoint: (name: string) => void): Activities =>
    withoutTemporal({ servers, secret, inventory: () => Promise.resolve(inventory), checkpoint });
  return {
    cluster,
    inventory,
    activities: withCheckpoint(() => undefined),
    async dyingEverywhere(work) {
      const died: string[] = [];
      for (;;) {
        const attempt = { dead: false };
        const dyingOnce = withCheckpoint((name) => {
          if (attempt.dead) throw new Error('dead already'); // nothing of this attempt goes on
          if (died.includes(name)) return;
          attempt.dead = true;
          died.push(name);
          throw new Error(`died at ${name}`);
        });
        try {
          return { result: await work(dyingOnce), died };
        } catch (error) {
          if (!attempt.dead) throw error;
        }
      }
    },
    close: () => servers.close(),
  };
}

/** Everything that a runbook sets on a server, as one value: what must be the same after a second time. */
export async function standOf(lab: Lab, server: string): Promise<object> {
  const [row] = await lab.rows(
    server,
    `SELECT @@global.read_only AS read_only, @@global.super_read_only AS super_read_only,
            @@global.rpl_semi_sync_source_enabled AS waits, @@global.rpl_semi_sync_replica_enabled AS acknowledges`,
  );
  const [channel] = await lab.rows(server, 'SHOW REPLICA STATUS');
  const { applier, source } = (await replicaState(lab, server)) ?? {};
  return { ...row, applier, source, delay: channel?.['SQL_Delay'], autoPosition: channel?.['Auto_Position'] };
}
