import { whyNoNamespaces } from '../support/spaces';
import { type AddressEntrance, virtualIp } from './entrances/virtual-ip';
import { incident } from './incident';
import { switchOver } from './switching';

const because = whyNoNamespaces();
if (because !== '') console.warn(`A switchover by a virtual IP is not tested here: ${because}.`);

(because === '' ? test : test.skip)(
  'behind a virtual IP the primary moves on purpose, there and back: clients write through the address all along, and nothing is lost',
  () => {
    const door: { entrance?: AddressEntrance } = {};
    const entrance = async (lab: Parameters<typeof virtualIp>[0]) => (door.entrance = await virtualIp(lab));
    return incident({ router: 'none', watched: false, entrance }, async (scene) => {
      const { lab, load, settle } = scene;
      for (const [from, to] of [
        ['db1', 'db2'],
        ['db2', 'db1'],
      ] as const) {
        const told = await switchOver(scene, { to });
        expect(told).toMatchObject({ outcome: 'done', oldPrimary: from, newPrimary: to, left: [] });
        expect(told.decisions.join('\n')).toMatch(/vip cannot hold connections/);
        // Nobody else has it, and whoever was on the old one is not any more.
        expect(door.entrance?.holders()).toEqual([to]);
        await load.nextAcknowledgement(undefined, lab.server(to).uuid);
      }
      const seen = await settle({
        primary: 'db1',
        tenures: ['db1', 'db2', 'db1'].map((name) => lab.server(name).uuid),
      });
      // All that a client is told is that the server is read-only, or that its connection has ended.
      for (const { code } of seen.failed)
        expect(code).toMatch(/^(ER_OPTION_PREVENTS_STATEMENT|PROTOCOL_CONNECTION_LOST|EPIPE|ECONNRESET)$/);
    });
  },
);
