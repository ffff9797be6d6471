import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Lab } from '../../../lab';
import { findArping } from '../../support/arping';
import { type Relay, relayTo } from '../../support/relay';
import { type Spaces, startSpaces } from '../../support/spaces';
import { declare } from '../declare';
import { type Entrance } from '../incident';
import { withoutComparingNames } from './addresses';

const PORT = 3306;

/** Passes every connection on to HOST PORT. */
const DOOR = `const net = require('node:net');
net.createServer((client) => {
  const server = net.connect(process.argv[2], process.argv[1]);
  for (const [one, other] of [[client, server], [server, client]]) {
    one.setNoDelay(true);
    one.on('error', () => other.destroy()).on('close', () => other.destroy()).pipe(other);
  }
}).listen(${PORT}, '0.0.0.0', () => console.log('listening'));`;

export interface AddressEntrance extends Entrance {
  readonly spaces: Spaces;
  readonly address: string;
  /** Names of the hosts that have the address. */
  readonly holders: () => string[];
}

/**
 * Each server behind a host of its own (a network namespace with an address of its own, on one bridge), and one address that moves between
 * them by hooks/virtual-ip as the lab's only router. Worker and load reach all of them from outside, as another machine would.
 */
export async function virtualIp(lab: Lab): Promise<AddressEntrance> {
  const net = freeNet();
  const hosts = Object.fromEntries(lab.servers.map(({ name }, index) => [name, `${net}.${11 + index}`]));
  const address = `${net}.100`;
  const arping = await findArping();
  const here = `${net}.1`;
  const spaces = await startSpaces(hosts, here);
  const relays: Relay[] = [];
  const stop = async () => {
    for (const relay of relays) relay.close();
    await spaces.stop();
  };
  try {
    for (const { name, port } of lab.servers) {
      // The lab's servers listen on 127.0.0.1 alone, which is another place inside a namespace.
      const relay = await relayTo(port, { host: here });
      relays.push(relay);
      await spaces.line(spaces.start(name, DOOR, here, String(relay.port)));
    }
    spaces.inside('db1', 'ip', 'addr', 'add', `${address}/32`, 'dev', 'eth0');
    declare(lab, (cluster) => {
      cluster.instances = cluster.instances.map((instance) => ({
        ...instance,
        host: hosts[String(instance['name'])]!,
        port: PORT,
      }));
      const command = [join(__dirname, '../../../hooks/virtual-ip'), '--address', `${address}/32`];
      cluster.routers = [
        {
          kind: 'command',
          name: 'vip',
          command: [...command, '--interface', 'eth0', '--on', `${spaces.way} %n`, '--arping', arping],
          deadlineSeconds: 15,
          writeAddress: `${address}:${PORT}`,
        },
      ];
    });
    await withoutComparingNames(lab);
  } catch (error) {
    await stop();
    throw error;
  }
  const has = (name: string) => spaces.inside(name, 'ip', '-o', 'addr', 'show', 'to', `${address}/32`) !== '';
  return {
    spaces,
    address,
    holders: () => Object.keys(hosts).filter(has),
    load: { host: address, ports: [PORT] },
    stop,
  };
}

/** Three numbers of a /24 that this machine has no way to yet. */
function freeNet(): string {
  for (let third = 8 + (process.pid % 240); ; third = third >= 254 ? 8 : third + 1) {
    const net = `10.231.${third}`;
    if (execFileSync('ip', ['route', 'show', `${net}.0/24`]).toString() === '') return net;
  }
}
