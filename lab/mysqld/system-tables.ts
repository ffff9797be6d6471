import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, type RowDataPacket } from 'mysql2/promise';
import { type Door, withConnection } from '../sql';

const FRESH = 'fresh_system_tables';
const DEADLINE_MS = 180_000;

/** What SUPER was split into, in 8.0.12. */
const PARTS_OF_SUPER = [
  ...['BINLOG_ADMIN', 'CONNECTION_ADMIN', 'ENCRYPTION_KEY_ADMIN', 'GROUP_REPLICATION_ADMIN'],
  ...['PERSIST_RO_VARIABLES_ADMIN', 'REPLICATION_SLAVE_ADMIN', 'RESOURCE_GROUP_ADMIN', 'RESOURCE_GROUP_USER'],
  ...['ROLE_ADMIN', 'SET_USER_ID', 'SYSTEM_VARIABLES_ADMIN', 'XA_RECOVER_ADMIN'],
];

/**
 * What `mysql_upgrade` does to the schema `mysql`, for servers before 8.0.16, which do not do it themselves: the artifacts that they come from
 * lack that program. Every table that the release's own script makes otherwise is made anew by it and gets the rows of before. The server runs
 * without grants meanwhile, for it cannot read them, and must be started again afterwards. Source: MySQL manual, "mysql_upgrade".
 */
export async function renewSystemTables(root: Door, share: string): Promise<void> {
  const script = statementsOf(readFileSync(join(share, 'mysql_system_tables.sql'), 'utf8'));
  await withConnection(
    root,
    async (connection) => {
      const run = (sql: string) => connection.query(sql);
      await run("SET SESSION sql_log_bin = 0, sql_mode = '', group_concat_max_len = 100000");
      await run(`CREATE DATABASE ${FRESH}`);
      await run(`USE ${FRESH}`);
      for (const sql of script) await run(sql);
      const [before, now] = [await tablesOf(connection, 'mysql'), await tablesOf(connection, FRESH)];
      for (const [table, columns] of now) {
        const old = before.get(table);
        if (old?.join() === columns.join()) continue;
        const common = columns.filter((column) => old?.includes(column) && !column.startsWith('ENGINE ')).join(', ');
        if (old) {
          await run(`DELETE FROM ${FRESH}.${table}`);
          await run(`INSERT INTO ${FRESH}.${table} (${common}) SELECT ${common} FROM mysql.${table}`);
          await run(`DROP TABLE mysql.${table}`);
        }
        await run(`RENAME TABLE ${FRESH}.${table} TO mysql.${table}`);
      }
      await run(`DROP DATABASE ${FRESH}`);
      // As whom views of information_schema are read.
      await run(
        `INSERT IGNORE INTO mysql.user (Host, User, Select_priv, plugin, authentication_string, account_locked)
         VALUES ('localhost', 'mysql.infoschema', 'Y', 'mysql_native_password', '*${'NOBODY'.padEnd(40, '0')}', 'Y')`,
      );
      await run("UPDATE mysql.user SET Create_role_priv = 'Y', Drop_role_priv = 'Y' WHERE Create_user_priv = 'Y'");
      for (const privilege of PARTS_OF_SUPER)
        await run(
          `INSERT IGNORE INTO mysql.global_grants (user, host, priv, with_grant_option)
           SELECT User, Host, '${privilege}', Grant_priv FROM mysql.user WHERE Super_priv = 'Y'`,
        );
    },
    DEADLINE_MS,
  );
}

/** Up to what belongs to NDB, statement by statement: each ends with a semicolon at the end of a line. */
function statementsOf(script: string): string[] {
  const [own = ''] = script.split('-- Only create the ndb_binlog_index table');
  return (
    own
      .split('\n')
      .filter((line) => !/^\s*(--|#)/.test(line))
      .join('\n')
      // That one is for the schema mysql alone.
      .replaceAll('TABLESPACE=mysql', '')
      .split(/;\s*$/m)
      .map((one) => one.trim())
      .filter((one) => one !== '')
  );
}

/** By table: its engine, and its columns without those that are generated. */
async function tablesOf(connection: Connection, schema: string): Promise<Map<string, string[]>> {
  const [found] = await connection.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS name, CONCAT('ENGINE ', ENGINE) AS engine, GROUP_CONCAT(COLUMN_NAME ORDER BY ORDINAL_POSITION) AS columns
       FROM information_schema.TABLES JOIN information_schema.COLUMNS USING (TABLE_SCHEMA, TABLE_NAME)
      WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' AND GENERATION_EXPRESSION = '' GROUP BY TABLE_NAME, ENGINE`,
    [schema],
  );
  return new Map(
    (found as { name: string; engine: string; columns: string }[]).map(({ name, engine, columns }) => [
      name,
      [engine, ...columns.split(',')],
    ]),
  );
}
