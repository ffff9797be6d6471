/**
 * The accounts of every lab server. `runbooks` has what the runbooks need and not SUPER; the reason stands beside each
 * privilege, because people copy this list into their fleets. Passwords are set per lab, never here.
 */
export const ACCOUNTS = { root: 'lab_root', admin: 'runbooks', replication: 'repl', app: 'app' } as const;
export type AccountName = keyof typeof ACCOUNTS;

/** CLONE and backup privileges are left out: provisioning and backups get accounts of their own. */
export const ADMIN_GRANTS = (admin: string): readonly string[] => [
  // Static: threads and sessions of everybody (PROCESS), replica status (REPLICATION CLIENT), SHOW REPLICAS and reading
  // lost transactions with mysqlbinlog --read-from-remote-server (REPLICATION SLAVE), RESET BINARY LOGS, FLUSH LOGS and
  // RESET REPLICA (RELOAD), events of every schema switched off on replicas (EVENT).
  `GRANT PROCESS, REPLICATION CLIENT, REPLICATION SLAVE, RELOAD, EVENT ON *.* TO ${admin}`,
  // information_schema lists only tables on which one has some privilege: this one shows their engines and no row of them.
  `GRANT SHOW VIEW ON *.* TO ${admin}`,
  // START, STOP, CHANGE, RESET REPLICA.
  `GRANT REPLICATION_SLAVE_ADMIN ON *.* TO ${admin}`,
  // SET GLOBAL of read_only, semi-sync and replication settings; SET SESSION of the restricted ones (sql_log_bin).
  `GRANT SYSTEM_VARIABLES_ADMIN, SESSION_VARIABLES_ADMIN ON *.* TO ${admin}`,
  // Both together let a session set read_only and super_read_only. CONNECTION_ADMIN also kills sessions of others, and
  // keeps ours alive under offline_mode. The admin port needs SERVICE_CONNECTION_ADMIN.
  `GRANT CONNECTION_ADMIN, SERVICE_CONNECTION_ADMIN ON *.* TO ${admin}`,
  // XA RECOVER shows what another session prepared.
  `GRANT XA_RECOVER_ADMIN ON *.* TO ${admin}`,
  // ALTER EVENT of an event whose definer is somebody else, and killing sessions of accounts marked as system users.
  `GRANT SET_ANY_DEFINER, SYSTEM_USER ON *.* TO ${admin}`,
  `GRANT SELECT ON performance_schema.* TO ${admin}`,
  `GRANT ALL ON \`runbooks\`.* TO ${admin}`,
];

/** 8.0 and 8.1 know one privilege where later releases have SET_ANY_DEFINER. */
export const forRelease = (grant: string, version: string): string =>
  /^8\.[01]\./.test(version) ? grant.replace('SET_ANY_DEFINER', 'SET_USER_ID') : grant;

export const accountStatements = (version: string): readonly string[] => {
  const user = (name: AccountName) => `'${ACCOUNTS[name]}'@'${name === 'root' ? 'localhost' : '%'}'`;
  const create = (name: AccountName) =>
    `CREATE USER ${user(name)} IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD`;
  return [
    ...(Object.keys(ACCOUNTS) as AccountName[]).map(create),
    `GRANT ALL ON *.* TO ${user('root')} WITH GRANT OPTION`,
    ...ADMIN_GRANTS(user('admin')).map((grant) => forRelease(grant, version)),
    `GRANT REPLICATION SLAVE ON *.* TO ${user('replication')}`,
    `GRANT ALL ON \`shop\`.* TO ${user('app')}`,
  ];
};

export const passwordStatement = (name: AccountName): string =>
  `ALTER USER '${ACCOUNTS[name]}'@'${name === 'root' ? 'localhost' : '%'}' IDENTIFIED BY ?`;
