import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../../activities/inventory/inventory';
import { resolveSecret } from '../../activities/inventory/secrets';
import { openRouter } from '../../activities/routing/router';
import { type Lab } from '../../lab';
import { command } from '../../lab/haproxy';
import { WRITES } from '../activities/routing/one-named';
import { tell } from '../support/proxysql/fleet';
import { ADMIN, startFronts } from '../support/proxysql/front';
import { whyNoNamespaces } from '../support/spaces';
import { eventually } from '../support/wait';
import { dnsName } from './entrances/dns-name';
import { mysqlRouter } from './entrances/mysql-router';
import { virtualIp } from './entrances/virtual-ip';
import { standsStillAt, stoodStill } from './faulty-worker';
import { type Entrance, incident } from './incident';
import { aboutToStall, switchOver } from './switching';

/** A kind of router in front of a fleet, and all that it keeps: what it does, and what it would do after a restart. */
interface Behind extends Entrance {
  readonly keeps: () => unknown;
}

/** Of ProxySQL: what runs, what is in memory, what a restart loads. */
const TABLES = ['runtime_', '', 'disk.'].flatMap((layer) =>
  ['mysql_servers', 'mysql_replication_hostgroups', 'global_variables'].map((table) => layer + table),
);

const KINDS: Readonly<Record<string, (lab: Lab) => Promise<Behind>>> = {
  HAProxy: (lab) =>
    Promise.resolve({
      load: {},
      stop: () => Promise.resolve(),
      keeps: async () => {
        // Names, addresses and states, without the times since and the results of health checks; the limits are in the reading.
        const state = await command(lab.router!, 'show servers state');
        return state.split('\n').map((line) => line.split(' ').slice(0, 7).join(' '));
      },
    }),
  'a cluster of two ProxySQL': async (lab) => {
    const { members, stop } = await startFronts(lab, ['proxysql-1', 'proxysql-2']);
    const keeps = () =>
      Promise.all(
        members.flatMap(({ proxy: { port } }) =>
          TABLES.map(async (table) =>
            (await tell({ host: '127.0.0.1', port, ...ADMIN }, `SELECT * FROM ${table}`))
              .map((row) => JSON.stringify(row))
              .sort(),
          ),
        ),
      );
    return { load: { ports: [members[0]!.data.port], multiplexed: true }, stop, keeps };
  },
  'MySQL Router': async (lab) => {
    const door = await mysqlRouter(lab);
    return { ...door, keeps: () => [door.one.config(), door.one.pid()] };
  },
  'a DNS name': async (lab) => {
    const door = await dnsName(lab);
    return { ...door, keeps: async () => [await door.named.told(WRITES), await door.named.serial()] };
  },
  'a virtual IP': async (lab) => {
    const door = await virtualIp(lab);
    const addresses = ({ name }: { name: string }) =>
      door.spaces.inside(name, 'ip', '-o', 'addr', 'show', 'dev', 'eth0');
    return { ...door, keeps: () => lab.servers.map(addresses) };
  },
};

/** What every router does now, as the product reads it; who is connected at this moment is no state of the router's. */
async function readings(lab: Lab): Promise<unknown[]> {
  const { clusters } = await loadInventory(lab.inventoryPath);
  const { routers, instances } = clusters[0]!;
  const secret = (reference: Parameters<typeof resolveSecret>[0]) => resolveSecret(reference, lab.folder);
  return Promise.all(
    routers.map(async (router) => {
      const routing = await openRouter({ secret }, router, instances, { deadlineMs: 5_000 }).read();
      return { ...routing, sessions: 'not compared' };
    }),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'mrt-undone-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const impossible = whyNoNamespaces();
if (impossible !== '') console.warn(`The undoing behind a virtual IP is not tested here: ${impossible}.`);

const possible = Object.keys(KINDS).filter((kind) => kind !== 'a virtual IP' || impossible === '');

test.each(possible)(
  'behind %s a switchover is undone over its write-gap budget: the router is exactly as before, and clients write to the old primary',
  (kind) => {
    const door: { behind?: Behind } = {};
    const entrance = async (lab: Lab) => (door.behind = await KINDS[kind]!(lab));
    const router = kind === 'HAProxy' ? 'haproxy' : 'none';
    const workers = [standsStillAt(mkdtempSync(join(folder, 'one-')), 'switch:calm')];
    return incident({ router, watched: false, workers, entrance }, async (scene) => {
      const { lab, load, settle } = scene;
      const asIs = async () => ({ readings: await readings(lab), keeps: await door.behind?.keeps() });
      const before = await asIs();
      const stall = await aboutToStall(scene, 'db2');
      const run = switchOver(scene, { to: 'db2', writeGapMs: 2_000 });
      const goOn = await stoodStill(lab, run);
      await stall.begin();
      goOn();
      const told = await run;
      expect(told.headline).toMatch(
        /^Undone, db1 takes writes again.*: db2 had not applied what the old primary wrote/,
      );
      expect(told).toMatchObject({ outcome: 'failed', left: [] });
      // On a busy machine the monitor of a ProxySQL may take a server for silent, and back a moment later.
      await eventually('the router is as before', async () => {
        expect(await asIs()).toEqual(before);
        return true;
      });
      await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
      await stall.end();
      const seen = await settle({ primary: 'db1' });
      expect(seen.acknowledged.every(({ by }) => by === lab.server('db1').uuid)).toBe(true);
    });
  },
);
