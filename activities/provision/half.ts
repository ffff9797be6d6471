import { type Mysql } from '../mysql/mysql';
import { quoteName } from '../mysql/quoting';

/**
 * A mark on a server that is being filled: as long as it stands and the server has no GTID, everything there came from a member that has it still.
 * Made when what was there before is gone, and taken away when the copy is whole.
 */
const TABLE = 'filling';

const unlogged = (server: Mysql, statements: readonly string[], values: readonly unknown[] = []): Promise<void> =>
  server.session(
    async (session) => {
      await session.run('SET SESSION sql_log_bin = 0');
      for (const sql of statements) await session.run(sql, sql.includes('?') ? values : []);
    },
    { deadlineMs: 30_000 },
  );

const tableIn = (schema: string): string => `${quoteName(schema)}.${quoteName(TABLE)}`;

/** Idempotent. */
export const markHalf = (server: Mysql, schema: string, donor: string): Promise<void> =>
  unlogged(
    server,
    [
      `CREATE DATABASE IF NOT EXISTS ${quoteName(schema)}`,
      `CREATE TABLE IF NOT EXISTS ${tableIn(schema)} (donor VARCHAR(255) NOT NULL, begun DATETIME NOT NULL) ENGINE = InnoDB`,
      `DELETE FROM ${tableIn(schema)}`,
      `INSERT INTO ${tableIn(schema)} VALUES (?, UTC_TIMESTAMP())`,
    ],
    [donor],
  );

/** Idempotent. */
export const forgetHalf = (server: Mysql, schema: string): Promise<void> =>
  unlogged(server, [`DROP TABLE IF EXISTS ${tableIn(schema)}`]);

/** `from db2 of 2026-11-22 03:14:15`; null = nothing says that a copy broke off. */
export async function readHalf(server: Mysql, schema: string): Promise<string | null> {
  const rows = await server
    .rows<{ donor: string; begun: string }>(`SELECT donor, CAST(begun AS CHAR) AS begun FROM ${tableIn(schema)}`)
    .catch(() => []);
  return rows[0] ? `from ${rows[0].donor} of ${rows[0].begun}` : null;
}
