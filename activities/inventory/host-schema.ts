import { z } from 'zod';
import { command, flag, oneOf, says, span, strict, text, wholeNumber } from './words';

const unit = text('the name of a systemd unit', 'for example mysql')
  .regex(/^[A-Za-z0-9@:_.\\-]+$/, says('the name of a systemd unit', 'for example mysql'))
  .default('mysql')
  .describe('Unit of systemd that is the server. Default mysql.');
const sudo = flag('leave the line out for false').default(false).describe('systemctl goes through sudo -n.');

const FORMS =
  '{ kind: systemd, unit: mysql }, { kind: ssh, destination: mysql@db1 }, { kind: local, start: [mysqld, --defaults-file=/etc/my.cnf], pidFile: /run/mysqld/mysqld.pid } or { kind: command, command: [/opt/hosts] }';
const words = says('how the server is started on its host', `write ${FORMS}`);

const local = strict(
  {
    kind: z.literal('local', words).describe('The server is a process of the worker’s own machine.'),
    start: command('[mysqld, --defaults-file=/etc/my.cnf]').describe('The server itself, in the foreground.'),
    pidFile: text('a file name', 'for example /run/mysqld/mysqld.pid').describe('Its pid_file: who is there already.'),
  },
  'local control with start and pidFile',
  `write ${FORMS}`,
);

const systemd = strict(
  { kind: z.literal('systemd', words).describe('A unit of the worker’s own machine.'), unit, sudo },
  'control by systemd',
  `write ${FORMS}`,
);

const ssh = strict(
  {
    kind: z.literal('ssh', words).describe('A unit of another machine, by ssh.'),
    destination: text('a destination of ssh', 'for example mysql@10.0.0.11')
      .regex(/^[^-\s][^\s]*$/, says('a destination of ssh', 'for example mysql@10.0.0.11'))
      .describe('As ssh takes it; keys and known hosts are those of the worker’s user.'),
    options: z
      .array(text('an option of ssh', 'for example -p'), says('a list of options', 'for example [-p, "2222"]'))
      .default([])
      .describe('More options of ssh, before the destination.'),
    unit,
    sudo,
  },
  'control by ssh with destination',
  `write ${FORMS}`,
);

const byCommand = strict(
  {
    kind: z.literal('command', words).describe('Any program.'),
    command: command('[/opt/hosts]').describe(
      'Reads JSON with operation start or stop and the instance on its input; may run twice. Exit code 0: it is done.',
    ),
  },
  'control by a command',
  `write ${FORMS}`,
);

/** How mysqld is started on the host of an instance. */
export const control = z.discriminatedUnion('kind', [local, systemd, ssh, byCommand], words);

export const provisioning = strict(
  {
    afterFailover: oneOf(['no', 'ask', 'automatic'])
      .default('no')
      .describe('Give the cluster back the server that a failover took: rejoin it, or fill it anew.'),
    maxMegabytesPerSecond: wholeNumber(0, 100_000, 'a whole number from 0', 'for example 200')
      .default(0)
      .describe('A donor gives no more than this. Default 0: no limit.'),
    donorLagSeconds: span('seconds', 1, 86_400)
      .default(10)
      .describe('A donor that falls behind by more gives slowly until it has caught up.'),
    rampSeconds: span('seconds', 0, 86_400)
      .default(60)
      .describe('Reads come to a new replica little by little, over so long, where the router has weights.'),
  },
  'a provisioning policy',
  'for example { afterFailover: ask, maxMegabytesPerSecond: 200 }',
);
