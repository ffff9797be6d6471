import { loadInventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { openServers } from '../../activities/mysql/servers';
import { lookAtCluster } from '../../activities/observe/cluster';
import { type Lab } from '../../lab';
import { examine } from '../../workflows/decisions/doctor';
import { incident } from './incident';
import { switchOver } from './switching';

test('S9: the configuration of a replica has no super_read_only, and it comes back from a restart writable; doctor and a switchover say so, and it is closed by a person only', () =>
  incident(
    { watched: false, perSecond: 20, serverOptions: { db2: ['read-only=OFF', 'super-read-only=OFF'] } },
    async (scene) => {
      const { lab, faults, load, settle } = scene;
      await lab.rows('db2', 'RESET PERSIST super_read_only');
      await faults.restart('db2', { replicate: true });
      expect(await lab.value('db2', 'SELECT @@global.read_only')).toBe(0);
      expect(await doctorSays(lab, 'db2')).toEqual(
        expect.arrayContaining(['super_read_only is off after a restart', expect.stringMatching(/takes writes/)]),
      );
      const refused = await switchOver(scene, { to: 'db2' });
      expect(refused.outcome).toBe('refused');
      expect(refused.left.join('\n')).toMatch(/db2 is writable too .*: SET GLOBAL super_read_only = ON on db2/);
      expect(refused.left.join('\n')).toMatch(/super_read_only is off after a restart: .*SET PERSIST_ONLY/);
      expect(await lab.value('db2', 'SELECT @@global.read_only')).toBe(0); // nobody closed it behind a person's back

      await lab.rows('db2', 'SET PERSIST super_read_only = ON');
      expect(await doctorSays(lab, 'db2')).toEqual([]);
      const told = await switchOver(scene, { to: 'db2' });
      expect(told.outcome).toBe('done');
      await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
      await settle({ primary: 'db2' });
    },
  ));

/** What is bad there. */
async function doctorSays(lab: Lab, server: string): Promise<string[]> {
  const [cluster] = (await loadInventory(lab.inventoryPath)).clusters;
  if (!cluster) throw new Error('the lab has no cluster');
  const servers = openServers({ secrets: (reference) => resolveSecret(reference, lab.folder) });
  try {
    const snapshot = await lookAtCluster(servers, cluster, { full: true });
    return examine(snapshot, cluster)
      .filter(({ instance, severity }) => instance === server && severity === 'bad')
      .map(({ what }) => what);
  } finally {
    await servers.close();
  }
}
