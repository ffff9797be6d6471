import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab } from '../../../lab';
import { type OneMysqlRouter, REST_PASSWORD, startOneMysqlRouter } from '../../activities/routing/one-mysqlrouter';
import { instanceAt } from '../../support/proxysql/fleet';
import { declare } from '../declare';
import { type Entrance } from '../incident';

/** A real MySQL Router with static destinations in front of the fleet, as the inventory's only router; db1 takes the writes. */
export async function mysqlRouter(lab: Lab): Promise<Entrance & { readonly one: OneMysqlRouter }> {
  const instances = lab.servers.map(({ name, port }) => instanceAt(name, port));
  const one = await startOneMysqlRouter(instances);
  await one.control().pointWritesTo(instances[0]!);
  const secret = join(lab.folder, 'router-secret');
  writeFileSync(secret, REST_PASSWORD, { mode: 0o600 });
  const { writeAddress, restApi, kind, name, route, configFile, restart } = one.router;
  declare(lab, (cluster) => {
    cluster.routers = [
      {
        ...{ kind, name, route, configFile, restart },
        restApi: { ...restApi, account: { ...restApi.account, password: { file: secret } } },
        writeAddress: `${writeAddress.host}:${writeAddress.port}`,
      },
    ];
  });
  return { one, load: { ports: [writeAddress.port] }, stop: one.stop };
}
