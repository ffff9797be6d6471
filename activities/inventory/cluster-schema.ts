import { z } from 'zod';
import { account, atMost, host, name, port } from './fields';
import { router } from './router-schema';
import { tlsPolicy } from './tls-schema';
import { command, flag, oneOf, says, span, strict, text } from './words';

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
      .describe('An unanswered question ends the run after this long.'),
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
      },
      'accounts with admin and replication',
      'for example accounts: { admin: { user: runbooks, password: { env: MYSQL_ADMIN_PASSWORD } }, replication: … }',
    ).describe('Accounts on the servers, by reference.'),
    routers: z
      .array(router, says('a list of routers', 'leave the line out where there is none'))
      .default([])
      .describe('What sends clients to the primary. All of them are switched together.'),
    failover: failover.describe('When a failover may go on without a person.'),
    tls: tlsPolicy('encrypt').describe('Encryption of our own connections to the servers.'),
    schema: text('a schema name', 'for example runbooks')
      .regex(/^[A-Za-z0-9_$]{1,64}$/, says('a schema name of letters, digits, "_" and "$"', 'for example runbooks'))
      .default('runbooks')
      .describe('Schema of the heartbeat and epoch tables.'),
  },
  'a cluster with durability, instances and accounts',
  'see docs/inventory.md for the smallest one',
);
