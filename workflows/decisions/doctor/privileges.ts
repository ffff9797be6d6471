import { type Finding, onEach, type Patient, type Rule } from './finding';

/** What the runbooks do with each privilege; without it that part fails at the worst moment. */
interface Needed {
  readonly privilege: string;
  readonly for: string;
  /** First release that has it, as 80014 for 8.0.14; before, nobody can miss it. */
  readonly since: number;
  readonly until?: number;
}

const NEEDED: readonly Needed[] = [
  { privilege: 'PROCESS', for: 'see the open transactions and sessions of others', since: 50_700 },
  { privilege: 'REPLICATION CLIENT', for: 'read the replication status', since: 50_700 },
  {
    privilege: 'REPLICATION SLAVE',
    for: 'see which replicas a server feeds and read lost transactions from its binary log',
    since: 50_700,
  },
  { privilege: 'RELOAD', for: 'reset a channel and flush logs', since: 50_700 },
  { privilege: 'EVENT', for: 'move events to the new primary', since: 50_700 },
  { privilege: 'SET_ANY_DEFINER', for: 'move events of other definers to the new primary', since: 80_200 },
  { privilege: 'SET_USER_ID', for: 'move events of other definers to the new primary', since: 80_000, until: 80_200 },
  { privilege: 'REPLICATION_SLAVE_ADMIN', for: 'stop, start and repoint replicas', since: 80_000 },
  { privilege: 'SYSTEM_VARIABLES_ADMIN', for: 'fence: set super_read_only and semi-sync', since: 80_000 },
  { privilege: 'SESSION_VARIABLES_ADMIN', for: 'write without a binary log where that is the safe way', since: 80_014 },
  {
    privilege: 'CONNECTION_ADMIN',
    for: 'end sessions of others and get in when the server is full or offline',
    since: 80_000,
  },
  {
    privilege: 'XA_RECOVER_ADMIN',
    for: 'see prepared XA transactions, which can commit behind a freeze',
    since: 80_000,
  },
];

const ADMIN_PORT: Needed = {
  privilege: 'SERVICE_CONNECTION_ADMIN',
  for: 'use the admin port when all connections are taken',
  since: 80_014,
};

export const privileges: Rule = onEach((patient, { cluster }) => {
  const { grants, notRead } = patient.detail;
  if (grants.length === 0) return [];
  const held = globalPrivileges(grants);
  const withAdminPort = cluster.instances.some(
    ({ name, adminPort }) => name === patient.name && adminPort !== undefined,
  );
  const needed = [...NEEDED, ...(withAdminPort ? [ADMIN_PORT] : [])];
  const here = versionNumber(patient.version);
  const missing = needed.filter(
    ({ privilege, since, until }) => here >= since && here < (until ?? Infinity) && !holds(held, privilege),
  );
  // 5.7 has one privilege for all of it, and half of 5.7's own statements ask for nothing less.
  if (patient.release === '5.7' && !holds(held, 'SUPER'))
    missing.push({ privilege: 'SUPER', for: 'fence, repoint and set global variables', since: 50_700 });
  const account = `'${cluster.accounts.admin.user}'@'${hostOf(grants)}'`;
  const found = missing.map(({ privilege, for: purpose }): Omit<Finding, 'instance'> => ({
    severity: 'bad',
    what: `${cluster.accounts.admin.user} lacks ${privilege}`,
    why: `the runbooks cannot ${purpose}`,
    fix: [grantOnce(patient, `GRANT ${privilege} ON *.* TO ${account};`)],
    manual: 'Privileges Provided by MySQL',
  }));
  return [...found, ...schemaGrants(patient, cluster.schema, held, account), ...blindSpots(held, notRead ?? [])];
});

/** Grants replicate: on a replica the statement would be an errant transaction. */
const grantOnce = (patient: Patient, grant: string): string =>
  patient.readOnly ? `${grant} -- on the primary: it replicates` : grant;

function schemaGrants(
  { detail, readOnly }: Patient,
  schema: string,
  held: ReadonlySet<string>,
  account: string,
): Omit<Finding, 'instance'>[] {
  const on = (name: string) =>
    detail.grants.some((grant) =>
      new RegExp(`ON [\`'"]?${escaped(name)}[\`'"]?\\.`, 'i').test(grant.replaceAll('\\_', '_')),
    );
  const found: Omit<Finding, 'instance'>[] = [];
  const suffix = readOnly ? ' -- on the primary: it replicates' : '';
  const manual = 'Privileges Provided by MySQL';
  if (!holds(held, 'SELECT') && !on('performance_schema')) {
    found.push({
      severity: 'bad',
      what: 'no SELECT on performance_schema',
      why: 'heartbeat ages cannot be read, so a hung primary cannot be told from a quiet one',
      fix: [`GRANT SELECT ON performance_schema.* TO ${account};${suffix}`],
      manual,
    });
  }
  if (!holds(held, 'INSERT') && !on(schema)) {
    found.push({
      severity: 'bad',
      what: `no rights on the schema ${schema}`,
      why: 'the commit probe and the epoch row cannot be written',
      fix: [`GRANT ALL ON \`${schema}\`.* TO ${account};${suffix}`],
      manual,
    });
  }
  return found;
}

/** A server hides what an account may not see, without an error. */
function blindSpots(
  held: ReadonlySet<string>,
  notRead: readonly { part: string; because: string }[],
): Omit<Finding, 'instance'>[] {
  const manual = 'Privileges Provided by MySQL';
  const hidden = holds(held, 'SELECT')
    ? []
    : [
        {
          severity: 'note' as const,
          what: 'tables that are not InnoDB could not be looked for',
          why: 'the account sees no tables of others, which is right for the night, but run doctor once with an account that may SELECT',
          fix: [],
          manual,
        },
      ];
  return [
    ...hidden,
    ...notRead.map(({ part, because }) => ({
      severity: 'warn' as const,
      what: `${part} could not be read: ${because}`,
      why: 'what cannot be seen cannot be judged',
      fix: [],
      manual,
    })),
  ];
}

const versionNumber = (version: string): number => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major * 10_000 + minor * 100 + patch;
};

const ALL = 'ALL PRIVILEGES';
const holds = (held: ReadonlySet<string>, privilege: string): boolean => held.has(privilege) || held.has(ALL);

/** Names granted ON *.*, upper case. SHOW GRANTS lists dynamic privileges on a line of their own. */
export function globalPrivileges(grants: readonly string[]): ReadonlySet<string> {
  const lists = grants.flatMap((grant) => /^GRANT (.+) ON \*\.\* TO /i.exec(grant)?.[1] ?? []);
  return new Set(lists.flatMap((list) => list.split(',')).map((privilege) => privilege.trim().toUpperCase()));
}

const hostOf = (grants: readonly string[]): string =>
  /TO [`'"][^`'"]*[`'"]@[`'"]([^`'"]*)[`'"]/i.exec(grants[0] ?? '')?.[1] ?? '%';
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
