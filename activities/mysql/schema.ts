/**
 * The two tables that the runbooks keep inside every cluster. `schema` is a name from the inventory; it is quoted here.
 *
 * `heartbeat`: one row per server that has been primary; the watcher's commit probe writes it, so its age on a replica is
 * the lag as data sees it. `epoch`: one row per promotion; the highest is the truth, and a writable server that only
 * knows a lower one is a split brain.
 */
export const schemaStatements = (schema: string): readonly string[] => {
  const name = `\`${schema.replaceAll('`', '``')}\``;
  return [
    `CREATE DATABASE IF NOT EXISTS ${name}`,
    `CREATE TABLE IF NOT EXISTS ${name}.heartbeat (
  server_uuid varchar(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,
  written_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  beat bigint unsigned NOT NULL
) ENGINE=InnoDB`,
    `CREATE TABLE IF NOT EXISTS ${name}.epoch (
  epoch bigint unsigned NOT NULL PRIMARY KEY,
  primary_uuid varchar(36) CHARACTER SET ascii NOT NULL,
  run varchar(255) NOT NULL,
  opened_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE=InnoDB`,
  ];
};

/** The statements as one script for a person to paste; doctor prints it. */
export const schemaScript = (schema: string): string =>
  schemaStatements(schema)
    .map((statement) => `${statement};\n`)
    .join('');
