import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab } from '../../../lab';
import { reservePorts } from '../../../lab/ports';
import { type OneNamed, startOneNamed } from '../../activities/routing/one-named';
import { type Relay, relayTo } from '../../support/relay';
import { declare } from '../declare';
import { type Entrance } from '../incident';
import { withoutComparingNames } from './addresses';

/** Clients know one port, so each server also listens at an address of its own, by a relay. */
export const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];

export interface NamedEntrance extends Entrance {
  readonly named: OneNamed;
  readonly relays: readonly Relay[];
}

/** A name on a real BIND as the lab's only router; fence commands find out whether a server's process is gone. The load keeps to db1. */
export async function dnsName(lab: Lab): Promise<NamedEntrance> {
  const folder = mkdtempSync(join(tmpdir(), 'behind-name-'));
  const [port = 0] = await reservePorts(1, folder);
  const named = await startOneNamed({ records: 'orders-rw 5 A 127.0.0.2' });
  const relays = await Promise.all(
    lab.servers.map((server, index) => relayTo(server.port, { host: HOSTS[index]!, port })),
  );
  const stop = async () => {
    for (const one of relays) one.close();
    await named.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const key = join(folder, 'key');
    writeFileSync(key, named.secret, { mode: 0o600 });
    declareName(lab, named, key, port);
    await withoutComparingNames(lab);
  } catch (error) {
    await stop();
    throw error;
  }
  return { named, relays, load: { host: HOSTS[0]!, ports: [port] }, stop };
}

const declareName = (lab: Lab, { router }: OneNamed, key: string, port: number): void =>
  declare(lab, (cluster) => {
    cluster.instances = cluster.instances.map((instance, index) => ({
      ...instance,
      host: HOSTS[index]!,
      port,
      fenceCommand: ['sh', '-c', `! kill -0 ${lab.server(String(instance['name'])).pid}`],
    }));
    cluster.routers = [
      {
        kind: 'dns',
        server: `127.0.0.1:${router.server.port}`,
        zone: router.zone,
        writeName: router.writeName,
        ttlSeconds: 5,
        key: { name: router.key.name, secret: { file: key } },
        writePort: port,
      },
    ];
  });
