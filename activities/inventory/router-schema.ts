import { z } from 'zod';
import { dns } from './dns-schema';
import { account, name, NAMES, secret, writeAddress } from './fields';
import { tlsPolicy } from './tls-schema';
import { addressPair, command, flag, readAddress, says, span, strict, text, wholeNumber } from './words';

const socketWords = says(
  'unix:/path or host:port of the stats socket',
  'write it as in unix:/run/haproxy/admin.sock or 10.0.0.21:9999',
);

const haproxy = strict(
  {
    kind: z.literal('haproxy').describe('HAProxy, driven by its runtime socket.'),
    name: name('a name', 'haproxy-a').exactOptional().describe('Name used in reports. Default haproxy-1, haproxy-2 …'),
    socket: z
      .string(socketWords)
      .refine((written) => /^unix:.+/.test(written) || readAddress(written) !== undefined, socketWords)
      .describe('Stats socket of level admin: unix:/path (relative to the folder of this inventory) or host:port.'),
    writeBackend: text('the name of a backend', 'for example mysql_write').describe(
      'Backend that takes writes. Its servers are named as the instances are.',
    ),
    readBackend: text('the name of a backend', 'leave the line out where there is none')
      .exactOptional()
      .describe('Backend that takes reads.'),
    writeAddress: writeAddress('10.0.0.21:3306'),
  },
  'a router',
  'for example { kind: haproxy, socket: "unix:/run/haproxy/admin.sock", writeBackend: mysql_write, writeAddress: "10.0.0.21:3306" }',
);

const hostgroup = (example: number) =>
  wholeNumber(0, 2_147_483_647, 'the number of a hostgroup', (input) =>
    typeof input === 'string' && /^\d+$/.test(input) ? 'write it without quotes' : `for example ${example}`,
  );

const proxysql = strict(
  {
    kind: z
      .literal('proxysql')
      .describe('ProxySQL, driven by its admin interface. Every member of its cluster is a router.'),
    name: name('a name', 'proxysql-a')
      .exactOptional()
      .describe('Name used in reports. Default proxysql-1, proxysql-2 …'),
    admin: addressPair('10.0.0.21:6032').describe('host:port of the admin interface.'),
    account: account('an account of admin-admin_credentials').describe(
      'Account of admin-admin_credentials, not "admin" itself.',
    ),
    tls: tlsPolicy('off').describe(
      'Encryption of the admin connection. ProxySQL offers it with mysql-have_ssl = true.',
    ),
    writers: hostgroup(10).describe(
      'Hostgroup that takes writes. Its servers have the hosts and ports of the instances.',
    ),
    readers: hostgroup(20).exactOptional().describe('Hostgroup that takes reads.'),
    writeAddress: writeAddress('10.0.0.21:6033'),
  },
  'a router',
  'for example { kind: proxysql, admin: "10.0.0.21:6032", account: { user: radmin, password: { env: PROXYSQL_ADMIN_PASSWORD } }, writers: 10, readers: 20, writeAddress: "10.0.0.21:6033" }',
);

const deadlineSeconds = (what: string) =>
  span('seconds', 1, 60)
    .default(10)
    .describe(`${what} A look alone is given two seconds at most, a change no more than this.`);

const secretsWords = says('secrets by name', 'for example { token: { env: CONSUL_TOKEN } }');

/** Anything that a program can drive. */
const commandRouter = strict(
  {
    kind: z.literal('command').describe('Any router, driven by a program: docs/routers.md has its contract.'),
    name: name('a name', 'vip-a').exactOptional().describe('Name used in reports. Default command-1, command-2 …'),
    command: command('[hooks/virtual-ip, --address, 10.0.0.100/24, --interface, eth0]').describe(
      'Program and arguments, without a shell. A relative path is meant from the folder of this inventory.',
    ),
    deadlineSeconds: deadlineSeconds('For a whole call: the look before, the change, and reading it back.'),
    holds: flag('leave the line out for false')
      .default(false)
      .describe('The program can let new connections wait (operations hold and release).'),
    reads: flag('leave the line out for false')
      .default(false)
      .describe('The program sends reads somewhere, too (operation pointReadsTo).'),
    secrets: z
      .record(z.string().regex(NAMES, secretsWords), secret('a secret'), secretsWords)
      .default({})
      .describe('Handed to the program on its standard input, by these names.'),
    writeAddress: writeAddress('10.0.0.21:3306'),
  },
  'a router',
  'for example { kind: command, command: [hooks/virtual-ip, --address, 10.0.0.100/24, --interface, eth0], writeAddress: "10.0.0.100:3306" }',
);

const fileWords = says("an absolute file name on the router's host", 'for example /etc/mysqlrouter/mysqlrouter.conf');
const urlWords = says(
  'a web address without a path',
  'write it as in https://10.0.0.21:8443, the address and port of [http_server]',
);

/** MySQL Router with static destinations. */
const mysqlRouter = strict(
  {
    kind: z.literal('mysqlrouter').describe('MySQL Router with static destinations: rewritten and restarted.'),
    name: name('a name', 'router-a').exactOptional().describe('Name used in reports. Default mysqlrouter-1 …'),
    route: text('the name of a route', 'NAME of the section [routing:NAME]')
      .regex(/^\w+$/, says('the name of a route', 'NAME alone of the section [routing:NAME]'))
      .describe('NAME of the section [routing:NAME] that takes writes.'),
    configFile: z.string(fileWords).regex(/^\//, fileWords).describe('Its configuration file, on its host.'),
    shell: command('[ssh, -o, BatchMode=yes, root@10.0.0.21]')
      .default([])
      .describe('What goes before `sh` to run a script on its host. Default: its host is this machine.'),
    restart: command('[ssh, root@10.0.0.21, systemctl, restart, mysqlrouter]').describe(
      'Program that restarts it, as the worker runs it.',
    ),
    restApi: strict(
      {
        url: z
          .string(urlWords)
          .refine((written) => /^https?:\/\/[^/\s@]+\/?$/.test(written), urlWords)
          .describe('Address of [http_server], without a path.'),
        account: account('the account of the REST API').describe('Account of the realm of [rest_routing].'),
        ca: text('a file name', 'for example tls/router-ca.pem')
          .exactOptional()
          .describe('Certificate authority of an https address. Default: those that the machine trusts.'),
      },
      'restApi with url and account',
      'for example { url: "https://10.0.0.21:8443", account: { user: runbooks, password: { env: ROUTER_PASSWORD } } }',
    ).describe('What the running process does is read here.'),
    deadlineSeconds: deadlineSeconds('For a whole call: rewrite, restart, and reading it back.'),
    writeAddress: writeAddress('10.0.0.21:3306'),
  },
  'a router',
  'see docs/routers.md for the smallest one',
);

export const ROUTER_KINDS = ['haproxy', 'proxysql', 'mysqlrouter', 'dns', 'command'] as const;
const kindOf = (input: unknown) =>
  typeof input === 'object' && input !== null && 'kind' in input && typeof input.kind === 'string'
    ? input.kind
    : undefined;

/** What sends clients to the primary. */
export const router = z.discriminatedUnion('kind', [haproxy, proxysql, mysqlRouter, dns, commandRouter], {
  error: ({ input }) => {
    const kind = kindOf(input);
    const what = kind === undefined ? 'expected a router with a kind' : `routers of kind ${kind} are not supported yet`;
    return `${what} — supported: ${ROUTER_KINDS.join(', ')}; drive it by a program with kind: command (docs/routers.md), or leave it out and switch it by hand`;
  },
});
