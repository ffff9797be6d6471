import { z } from 'zod';
import { approvals } from './approvals-schema';
import { backups } from './backup-schema';
import { drill } from './drill-schema';
import { control, provisioning } from './host-schema';
import { account, atMost, host, name, port } from './fields';
import { router } from './router-schema';
import { WEEKDAYS } from '../../workflows/decisions/calendar';
import { didYouMean } from './suggest';
import { tlsPolicy } from './tls-schema';
import { upgrade } from './upgrade-schema';
import { command, flag, oneOf, says, span, strict, text, wholeNumber } from './words';

const PROMOTION_RULES = ['prefer', 'neutral', 'prefer_not', 'must_not'] as const;

const instance = strict(
  {
    name: name('a name', 'db1').describe('Name used in reports and in router configuration; unique in its cluster.'),
    host: host.describe('Host name or IP address that the worker and the other instances reach.'),
    port: port.describe('Port of the MySQL protocol.'),
    adminPort: port.exactOptional().describe('admin_port of the server: a way in when max_connections is exhausted.'),
    datacentre: z
      .string(says('a name', 'for example a; leave the line out where there is only one'))
      .default('')
      .describe('Datacentre or zone; a candidate near the old primary is preferred.'),
    promotion: oneOf(PROMOTION_RULES)
      .exactOptional()
      .describe('May this instance become the primary? Default neutral; must_not where delaySeconds is above 0.'),
    delaySeconds: span('seconds', 0, 31_536_000)
      .int(says('whole seconds', 'as in SOURCE_DELAY'))
      .default(0)
      .describe('Declared SOURCE_DELAY of a delayed replica. 0: not delayed.'),
    backupSource: flag('leave the line out for false').default(false).describe('Backups are taken here.'),
    fenceCommand: command('[ssh, db1, sudo, systemctl, stop, mysql]')
      .exactOptional()
      .describe(
        'Program that stops this server or its power. Exit code 0 is the proof that it can acknowledge nothing more.',
      ),
    control: control
      .exactOptional()
      .describe('How the server is started on its host. Left out: by a person or a supervisor.'),
  },
  'an instance with name, host and port',
  'for example { name: db1, host: 10.0.0.11, port: 3306 }',
).transform(({ promotion, ...written }) => ({
  ...written,
  // A delayed replica is kept to undo mistakes: promoting it by default would spend the delay that it exists for.
  promotion: promotion ?? (written.delaySeconds > 0 ? ('must_not' as const) : ('neutral' as const)),
}));

const failover = strict(
  {
    mode: oneOf(['approve', 'automatic'])
      .default('approve')
      .describe('approve: always ask. automatic: go on without asking when no refusal stands.'),
    holdDownSeconds: span('seconds', 0, 3600)
      .default(1)
      .describe('The diagnosis must hold for this long before the watcher starts a failover.'),
    atMost: atMost(1).describe('More automatic failovers of this cluster than this, and a person is asked.'),
    approvalMinutes: span('minutes', 1, 10_080)
      .default(30)
      .describe('So long a question stays open; what silence means then: approvals.silence.'),
    applyStallSeconds: span('seconds', 1, 86_400)
      .default(60)
      .describe('Applying received transactions is given up after a standstill this long. Progress extends it.'),
    secondOpinionQueue: text('the name of a task queue', 'for example mysql-runbooks-dc-b')
      .exactOptional()
      .describe('Task queue of workers elsewhere that are asked before an automatic failover.'),
  },
  'the failover policy',
  'for example { mode: automatic, holdDownSeconds: 1 }',
).prefault({});

const application = strict(
  {
    name: name('a name', 'shop').describe('Name used in plans and reports; unique in its cluster.'),
    user: text('a MySQL user name', 'for example shop').describe(
      'MySQL user that its sessions are known by, without the host part.',
    ),
    command: command('[kubectl, rollout, restart, deployment/shop]').describe(
      'Program that restarts or signals it; run where it has not come back by itself. May run twice. Exit code 0: it was told.',
    ),
    when: oneOf(['failover', 'switchover', 'both']).default('both').describe('After which change it is looked after.'),
    sessions: wholeNumber(1, 10_000, 'a whole number from 1 to 10000', 'for example 1')
      .default(1)
      .describe('So many new sessions on the new primary mean that it is back.'),
    patienceSeconds: span('seconds', 0, 3600).default(10).describe('It is given so long to come back by itself.'),
    deadlineSeconds: span('seconds', 1, 3600)
      .default(60)
      .describe('For the command, and again for its sessions to be there after it.'),
  },
  'an application with name, user and command',
  'for example { name: shop, user: shop, command: [kubectl, rollout, restart, deployment/shop] }',
);

const clockWords = says('a time of day as HH:MM', "write it in quotes, for example '02:00'");
export const clock = z.string(clockWords).regex(/^([01]\d|2[0-3]):[0-5]\d$/, clockWords);
const zoneWords = says('the name of a time zone', (input) =>
  typeof input === 'string'
    ? `for example Europe/Berlin${didYouMean(input, Intl.supportedValuesOf('timeZone'))}`
    : 'for example Europe/Berlin',
);

export const timeZone = z.string(zoneWords).refine(isTimeZone, zoneWords);
export const days = z
  .array(oneOf(WEEKDAYS), says('a list of days', 'for example [sat, sun]; leave the line out for every day'))
  .min(1, says('a list of at least one day', 'for example [sat, sun]; leave the line out for every day'));

const maintenanceWindow = strict(
  {
    days: days.default([...WEEKDAYS]).describe('Days on which the window opens. Default: every day.'),
    from: clock.describe('It opens when the clocks of the zone show this.'),
    to: clock.describe('It closes then; where that is not later than from, on the next day.'),
    timeZone: timeZone
      .default('UTC')
      .describe('IANA name of the zone; its changes between summer and winter are followed. Default UTC.'),
  },
  'a window with from and to',
  "for example { days: [sun], from: '02:00', to: '05:00', timeZone: Europe/Berlin }",
);

function isTimeZone(written: string): boolean {
  try {
    // An offset is no zone: it does not know summer from winter.
    return /^[A-Za-z]/.test(written) && new Intl.DateTimeFormat('en-US', { timeZone: written }).format() !== '';
  } catch {
    return false;
  }
}

const instances = says(
  'a list of at least one instance',
  'for example instances: [{ name: db1, host: 10.0.0.11, port: 3306 }]',
);

/** One cluster as it is written: its servers, accounts, routers and policies. */
export const cluster = strict(
  {
    durability: oneOf(['async', 'semi-sync', 'lossless']).describe(
      'async: the report names what was lost. semi-sync: acknowledged rows survive while no fallback happened. lossless: no fallback ever.',
    ),
    instances: z
      .array(instance, instances)
      .min(1, instances)
      .describe('All servers of the cluster, whatever their role is now.'),
    accounts: strict(
      {
        admin: account('the account of the runbooks').describe('Account that the runbooks work with.'),
        replication: account('the account of the replicas').describe('Account that replicas copy with.'),
        backup: account('the account that copies servers')
          .exactOptional()
          .describe('Account that copies whole servers: CLONE, dumps, checksums. Default: admin.'),
      },
      'accounts with admin and replication',
      'for example accounts: { admin: { user: runbooks, password: { env: MYSQL_ADMIN_PASSWORD } }, replication: … }',
    ).describe('Accounts on the servers, by reference.'),
    routers: z
      .array(router, says('a list of routers', 'leave the line out where there is none'))
      .default([])
      .describe('What sends clients to the primary. All of them are switched together.'),
    failover: failover.describe('When a failover may go on without a person.'),
    approvals: approvals.describe('Who must agree where a run asks, and what silence means.'),
    applications: z
      .array(application, says('a list of applications', 'leave the line out where there is none'))
      .exactOptional()
      .describe('Programs that hold on to their connections and must be told that the primary has moved.'),
    maintenanceWindows: z
      .array(maintenanceWindow, says('a list of windows', 'leave the line out where there is none'))
      .exactOptional()
      .describe('When a planned change may begin that was ordered for a window.'),
    provisioning: provisioning.exactOptional().describe('How new replicas are made. Left out: by hand alone.'),
    drill: drill.exactOptional().describe('Rehearsals of a failover. Left out: none.'),
    backups: backups.exactOptional().describe('Backups of this cluster. Left out: none are taken.'),
    drillable: flag('leave the line out for false')
      .exactOptional()
      .describe('The primary may be killed on purpose, in a drill of mode kill.'),
    upgrade: upgrade.exactOptional().describe('The release of this cluster is to change, or is changing.'),
    tls: tlsPolicy('encrypt').describe('Encryption of our own connections to the servers.'),
    schema: text('a schema name', 'for example runbooks')
      .regex(/^[A-Za-z0-9_$]{1,64}$/, says('a schema name of letters, digits, "_" and "$"', 'for example runbooks'))
      .default('runbooks')
      .describe('Schema of the heartbeat and epoch tables.'),
  },
  'a cluster with durability, instances and accounts',
  'see docs/inventory.md for the smallest one',
);
