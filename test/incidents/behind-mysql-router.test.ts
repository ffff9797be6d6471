import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';
import { REST_PASSWORD, startOneMysqlRouter } from '../activities/routing/one-mysqlrouter';
import { instanceAt } from '../support/proxysql/fleet';
import { type Entrance, incident } from './incident';
import { switchOver } from './switching';

/** A real MySQL Router with static destinations in front of the fleet, as the inventory's only router; db1 takes the writes. */
async function mysqlRouter(lab: Lab): Promise<Entrance> {
  const instances = lab.servers.map(({ name, port }) => instanceAt(name, port));
  const one = await startOneMysqlRouter(instances);
  await one.control().pointWritesTo(instances[0]!);
  const secret = join(lab.folder, 'router-secret');
  writeFileSync(secret, REST_PASSWORD, { mode: 0o600 });
  const { writeAddress, restApi, kind, name, route, configFile, restart } = one.router;
  const fleet = parse(readFileSync(lab.inventoryPath, 'utf8')) as { clusters: Record<string, { routers?: object[] }> };
  fleet.clusters[lab.cluster]!.routers = [
    {
      ...{ kind, name, route, configFile, restart },
      restApi: { ...restApi, account: { ...restApi.account, password: { file: secret } } },
      writeAddress: `${writeAddress.host}:${writeAddress.port}`,
    },
  ];
  writeFileSync(lab.inventoryPath, stringify(fleet));
  return { load: { ports: [writeAddress.port] }, stop: one.stop };
}

test('behind a real MySQL Router: the primary moves on purpose, then the new one dies; clients come back each time and nothing is lost', () =>
  incident({ router: 'none', watched: false, entrance: mysqlRouter }, async (scene) => {
    const { lab, faults, load, start, settle } = scene;
    const moved = await switchOver(scene, { to: 'db2' });
    expect(moved).toMatchObject({ outcome: 'done', newPrimary: 'db2', left: [] });
    expect(moved.decisions.join('\n')).toMatch(/router-a cannot hold connections/);
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);

    await faults.kill('db2');
    const replaced = await start();
    expect(replaced).toMatchObject({ outcome: 'done', oldPrimary: 'db2' });
    // The restarted Router has no session and no destination: that is proof enough.
    expect(replaced.fenceProofs).toContainEqual(expect.stringMatching(/^every router \(router-a\) reads back/));
    const primary = replaced.newPrimary ?? '';
    await load.nextAcknowledgement(undefined, lab.server(primary).uuid);
    await settle({ primary, tenures: ['db1', 'db2', primary].map((name) => lab.server(name).uuid) });
  }));
