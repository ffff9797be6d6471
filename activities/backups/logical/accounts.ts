import { type Mysql, type Session } from '../../mysql/mysql';
import { quoteName } from '../../mysql/quoting';

/** Where a server keeps accounts, roles and grants; which of them there are depends on its release. */
export const ACCOUNT_TABLES = [
  ...['user', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'proxies_priv'],
  ...['global_grants', 'role_edges', 'default_roles', 'password_history'],
];

const READ_WITHIN_MS = 60_000;

/** Accounts as somebody has read them. */
export interface Accounts {
  readonly sql: string;
  /** Changes when one of them does. */
  readonly fingerprint: string;
}

/**
 * Accounts as they are while nothing commits. Many of them take their time: `before` is what was read until then, and holds where nothing was changed since;
 * null = nothing was. Reads only.
 */
export async function accountsOfNow(
  server: Mysql,
  read: () => Promise<string>,
  before: Accounts | null = null,
): Promise<Accounts> {
  const fingerprint = await server.session(fingerprintOf, { deadlineMs: READ_WITHIN_MS });
  return before?.fingerprint === fingerprint ? before : { sql: await read(), fingerprint };
}

/** A table that this release does not have has the sum NULL. Source: MySQL manual, "CHECKSUM TABLE Statement". */
async function fingerprintOf(session: Session): Promise<string> {
  const tables = ACCOUNT_TABLES.map((table) => `mysql.${quoteName(table)}`);
  const sums = await session.rows<{ Table: string; Checksum: number | null }>(`CHECKSUM TABLE ${tables.join(', ')}`);
  return JSON.stringify(sums.map(({ Table: table, Checksum: sum }) => [table, sum]));
}

export const statementsOfAccounts = (server: Mysql): Promise<string> =>
  server.session(readAccounts, { deadlineMs: READ_WITHIN_MS });

/**
 * Statements that make the server's accounts, roles and grants anew. Kept in a file of its own: a scratch server never runs it.
 * Reads only. Source: MySQL manual, "SHOW CREATE USER Statement", print_identified_with_as_hex.
 */
async function readAccounts(session: Session): Promise<string> {
  // Older releases do not know it, and print salts that are text there.
  await session.run('SET SESSION print_identified_with_as_hex = ON').catch(() => undefined);
  const users = await session.rows<{ user: string; host: string }>(
    "SELECT User AS user, Host AS host FROM mysql.user WHERE User NOT LIKE 'mysql.%' ORDER BY 1, 2",
  );
  const made: string[] = [];
  const granted: string[] = [];
  for (const { user, host } of users) {
    const [create] = await session.rows<Record<string, string>>('SHOW CREATE USER ?@?', [user, host]);
    made.push(
      ...Object.values(create ?? {}).map((sql) => `${sql.replace(/^CREATE USER /, 'CREATE USER IF NOT EXISTS ')};`),
    );
    for (const row of await session.rows<Record<string, string>>('SHOW GRANTS FOR ?@?', [user, host]))
      granted.push(...Object.values(row).map((sql) => `${sql};`));
  }
  return `${[...made, ...granted].join('\n')}\n`;
}
