import { type AccountFacts, type ClientFacts } from '../../workflows/decisions/upgrade/facts';
import { nameOf } from '../../workflows/decisions/upgrade/accounts';
import { releaseNumber } from '../../workflows/decisions/upgrade/releases';
import { type PartReader } from './parts';

/** Plugins only: no hash of a password is read. Source: MySQL manual, "Grant Tables". */
export async function readAccounts(reader: PartReader, version: string): Promise<AccountFacts[]> {
  // Further factors came with 8.0.27.
  const factors =
    releaseNumber(version) >= 80_027
      ? "JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.multi_factor_authentication[*].plugin'))"
      : 'NULL';
  const rows = await reader.rows<{
    user: string;
    host: string;
    plugin: string;
    factors: string | null;
    locked: string;
  }>(
    'accounts',
    `SELECT User AS user, Host AS host, plugin, ${factors} AS factors, account_locked AS locked FROM mysql.user ORDER BY User, Host`,
  );
  return rows.map(({ user, host, plugin, factors: more, locked }) => ({
    user,
    host,
    plugins: [plugin, ...(more === null ? [] : (JSON.parse(more) as string[]))],
    locked: locked === 'Y',
  }));
}

/** Dynamic privileges that 8.4 no longer knows. */
export async function readPrivileges(
  reader: PartReader,
  version: string,
): Promise<{ account: string; privilege: string }[]> {
  if (releaseNumber(version) < 80_000) return [];
  const rows = await reader.rows<{ user: string; host: string; privilege: string }>(
    'dynamic privileges',
    "SELECT USER AS user, HOST AS host, PRIV AS privilege FROM mysql.global_grants WHERE PRIV = 'SET_USER_ID'",
  );
  const internal = ['mysql.session', 'mysql.sys', 'mysql.infoschema'];
  return rows
    .filter(({ user }) => !internal.includes(user))
    .map(({ privilege, ...account }) => ({ account: nameOf(account), privilege }));
}

/** Who is connected now, by library. Source: MySQL manual, "Performance Schema Connection Attribute Tables". */
export const readClients = (reader: PartReader): Promise<ClientFacts[]> =>
  reader.rows<ClientFacts>(
    'clients',
    `SELECT t.PROCESSLIST_USER AS user, n.ATTR_VALUE AS library, COALESCE(v.ATTR_VALUE, '') AS version, COALESCE(p.ATTR_VALUE, '') AS program
       FROM performance_schema.session_connect_attrs n
       JOIN performance_schema.threads t ON t.PROCESSLIST_ID = n.PROCESSLIST_ID
       LEFT JOIN performance_schema.session_connect_attrs v ON v.PROCESSLIST_ID = n.PROCESSLIST_ID AND v.ATTR_NAME = '_client_version'
       LEFT JOIN performance_schema.session_connect_attrs p ON p.PROCESSLIST_ID = n.PROCESSLIST_ID AND p.ATTR_NAME = 'program_name'
      WHERE n.ATTR_NAME = '_client_name' AND t.PROCESSLIST_USER IS NOT NULL
      GROUP BY 1, 2, 3, 4`,
  );
