import { z } from 'zod';
import { account, name, NAMES, secret, writeAddress } from './fields';
import { command, flag, says, span, strict, text } from './words';

const deadlineSeconds = (what: string) =>
  span('seconds', 1, 60)
    .default(10)
    .describe(`${what} A look alone is given two seconds at most, a change no more than this.`);

const secretsWords = says('secrets by name', 'for example { token: { env: CONSUL_TOKEN } }');

/** Anything that a program can drive. */
export const commandRouter = strict(
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
    writeAddress,
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
export const mysqlRouter = strict(
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
    writeAddress,
  },
  'a router',
  'see docs/routers.md for the smallest one',
);
