import { type Mysql } from '../mysql/mysql';
import { errnoOf } from '../mysql/driver-errors';
import { quoteName } from '../mysql/quoting';

/**
 * `drill_writes`: the rows that the clients of a drill write, emptied at its end. `drills`: one row per drill, the history; it stands in the
 * cluster's own schema, so that it outlives what Temporal keeps and is there wherever the data is.
 */
const statements = (schema: string): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS ${quoteName(schema)}.drill_writes (
  drill varchar(36) CHARACTER SET ascii NOT NULL,
  client varchar(190) CHARACTER SET utf8mb4 NOT NULL,
  sequence int unsigned NOT NULL,
  PRIMARY KEY (drill, client, sequence)
) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS ${quoteName(schema)}.drills (
  run varchar(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,
  ended_at timestamp(6) NOT NULL,
  mode varchar(16) CHARACTER SET ascii NOT NULL,
  verdict varchar(16) CHARACTER SET ascii NOT NULL,
  rto_ms int unsigned NULL,
  objective_ms int unsigned NOT NULL,
  lost_rows int unsigned NULL,
  back_ms int unsigned NULL,
  old_primary varchar(64) CHARACTER SET utf8mb4 NOT NULL,
  new_primary varchar(64) CHARACTER SET utf8mb4 NOT NULL,
  because text CHARACTER SET utf8mb4 NOT NULL
) ENGINE=InnoDB`,
];

/** Unknown schema or table. */
const ABSENT = new Set([1049, 1146]);

export const isAbsent = (error: unknown): boolean => ABSENT.has(errnoOf(error));

const DDL_WITHIN_MS = 10_000;

/** On the primary, where a table is missing; nothing is written where both are there. Throws MISSING_PRIVILEGE. */
export async function makeTables(primary: Mysql, schema: string): Promise<void> {
  const found = await primary.value(
    "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN ('drill_writes', 'drills')",
    [schema],
  );
  if (Number(found) === 2) return;
  for (const statement of statements(schema)) await primary.run(statement, [], { deadlineMs: DDL_WITHIN_MS });
}

const AT_ONCE = 1_000;

/** Rows of drills that are over, a thousand in a transaction. */
export async function emptyWrites(primary: Mysql, schema: string): Promise<void> {
  const one = () =>
    primary.session(
      async (session) => {
        await session.run(
          `DELETE FROM ${quoteName(schema)}.drill_writes ORDER BY drill, client, sequence LIMIT ${AT_ONCE}`,
        );
        return Number(await session.value('SELECT ROW_COUNT()'));
      },
      { deadlineMs: DDL_WITHIN_MS },
    );
  while ((await one()) === AT_ONCE);
}
