/**
 * The accounts of every lab server. `runbooks` has what the runbooks need and not SUPER, where there is a finer one; the reason stands beside each
 * privilege, because people copy this list into their fleets. Passwords are set per lab, never here.
 */
export const ACCOUNTS = {
  root: 'lab_root',
  admin: 'runbooks',
  replication: 'repl',
  backup: 'runbooks_backup',
  app: 'app',
} as const;
export type AccountName = keyof typeof ACCOUNTS;

interface Grant {
  readonly privileges: readonly string[];
  /** Default: everything. */
  readonly on?: string;
  readonly why: string;
  /** First release that knows it, as 80014 for 8.0.14, and the first that does not any more. */
  readonly since?: number;
  readonly until?: number;
}

const ADMIN: readonly Grant[] = [
  {
    privileges: ['PROCESS', 'REPLICATION CLIENT', 'REPLICATION SLAVE', 'RELOAD', 'EVENT'],
    why: 'threads and sessions of everybody; replica status; SHOW REPLICAS and mysqlbinlog --read-from-remote-server; RESET REPLICA and FLUSH LOGS; events switched off on replicas',
  },
  // information_schema lists only tables on which one has some privilege: this one shows their engines and no row of them.
  { privileges: ['SHOW VIEW'], why: "tables' engines, and no row of them" },
  {
    privileges: ['SUPER'],
    until: 80_000,
    why: 'fence, repoint, set global variables, end sessions: 5.7 has one privilege for all',
  },
  { privileges: ['REPLICATION_SLAVE_ADMIN'], since: 80_000, why: 'START, STOP, CHANGE, RESET REPLICA' },
  { privileges: ['SYSTEM_VARIABLES_ADMIN'], since: 80_000, why: 'read_only, semi-sync and replication settings' },
  { privileges: ['SESSION_VARIABLES_ADMIN'], since: 80_014, why: 'sql_log_bin of our own session' },
  {
    privileges: ['CONNECTION_ADMIN'],
    since: 80_000,
    why: 'super_read_only with the one above; end sessions of others; get in under offline_mode',
  },
  { privileges: ['SERVICE_CONNECTION_ADMIN'], since: 80_014, why: 'the admin port' },
  { privileges: ['BINLOG_ADMIN'], since: 80_000, why: 'PURGE BINARY LOGS of what nobody needs' },
  { privileges: ['XA_RECOVER_ADMIN'], since: 80_000, why: 'XA RECOVER shows what another session prepared' },
  { privileges: ['SET_USER_ID'], since: 80_000, until: 80_200, why: 'ALTER EVENT of another definer' },
  { privileges: ['SET_ANY_DEFINER'], since: 80_200, why: 'ALTER EVENT of another definer' },
  { privileges: ['SYSTEM_USER'], since: 80_016, why: 'end sessions of accounts that are system users' },
  { privileges: ['SELECT'], on: 'performance_schema.*', why: 'heartbeats, receivers, appliers' },
  { privileges: ['ALL'], on: '`runbooks`.*', why: 'heartbeat and epoch rows; the schema of the inventory' },
];

const REPLICATION: readonly Grant[] = [
  { privileges: ['REPLICATION SLAVE'], why: 'replicas log in with it, and nobody else' },
];

/** Whoever copies a server reads every row of it, and whoever fills one writes every row: that is not the account of the runbooks. */
const BACKUP: readonly Grant[] = [
  {
    privileges: ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT', 'LOCK TABLES', 'PROCESS', 'RELOAD', 'REPLICATION CLIENT'],
    why: 'dumps and checksums: every row, view, trigger and event, in one snapshot with its GTID set',
  },
  {
    privileges: [
      ...['INSERT', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'INDEX', 'REFERENCES'],
      ...['CREATE VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE'],
    ],
    why: 'a dump is loaded into a server that is filled anew',
  },
  { privileges: ['SUPER'], until: 80_000, why: 'gtid_purged, sql_log_bin, definers: 5.7 has one privilege for all' },
  { privileges: ['BACKUP_ADMIN'], since: 80_000, why: 'on the donor: CLONE from here, lock against DDL' },
  { privileges: ['CLONE_ADMIN'], since: 80_017, why: 'on the recipient: CLONE INSTANCE' },
  { privileges: ['CONNECTION_ADMIN'], since: 80_000, why: 'fill a server that is closed to everybody else' },
  { privileges: ['SYSTEM_VARIABLES_ADMIN'], since: 80_000, why: 'gtid_purged of a server that was filled' },
  { privileges: ['SESSION_VARIABLES_ADMIN'], since: 80_014, why: 'what is loaded goes into no binary log' },
  { privileges: ['INNODB_REDO_LOG_ENABLE'], since: 80_021, why: 'a dump is loaded without a redo log' },
  { privileges: ['SET_USER_ID'], since: 80_000, until: 80_200, why: 'views, triggers and events of their definers' },
  {
    privileges: ['SET_ANY_DEFINER', 'ALLOW_NONEXISTENT_DEFINER'],
    since: 80_200,
    why: 'views, triggers and events of their definers',
  },
  { privileges: ['SYSTEM_USER'], since: 80_016, why: 'accounts that are system users come along' },
];

const statementsOf = (grants: readonly Grant[], account: string, version: string) => {
  const here = versionNumber(version);
  return grants
    .filter(({ since = 0, until = Infinity }) => here >= since && here < until)
    .map(({ privileges, on = '*.*', why }) => ({ sql: `GRANT ${privileges.join(', ')} ON ${on} TO ${account}`, why }));
};

const versionNumber = (version: string): number => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major * 10_000 + minor * 100 + patch;
};

export const adminGrants = (account: string, version: string): readonly string[] =>
  statementsOf(ADMIN, account, version).map(({ sql }) => sql);

/** The accounts as the manual shows them for a release (docs/security.md; a test compares). */
export const grantScript = (version: string): string =>
  [
    ...statementsOf(ADMIN, `'${ACCOUNTS.admin}'@'%'`, version),
    ...statementsOf(REPLICATION, `'${ACCOUNTS.replication}'@'%'`, version),
    ...statementsOf(BACKUP, `'${ACCOUNTS.backup}'@'%'`, version),
  ]
    .map(({ sql, why }) => `-- ${why}\n${sql};\n`)
    .join('');

export const accountStatements = (version: string): readonly string[] => {
  const user = (name: AccountName) => `'${ACCOUNTS[name]}'@'${name === 'root' ? 'localhost' : '%'}'`;
  const create = (name: AccountName) =>
    `CREATE USER ${user(name)} IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD`;
  return [
    ...(Object.keys(ACCOUNTS) as AccountName[]).map(create),
    `GRANT ALL ON *.* TO ${user('root')} WITH GRANT OPTION`,
    ...adminGrants(user('admin'), version),
    ...statementsOf(REPLICATION, user('replication'), version).map(({ sql }) => sql),
    ...statementsOf(BACKUP, user('backup'), version).map(({ sql }) => sql),
    `GRANT ALL ON \`shop\`.* TO ${user('app')}`,
  ];
};

export const passwordStatement = (name: AccountName): string =>
  `ALTER USER '${ACCOUNTS[name]}'@'${name === 'root' ? 'localhost' : '%'}' IDENTIFIED BY ?`;
