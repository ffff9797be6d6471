/** What the load generator writes into. `server_uuid` is filled by the server that takes the write, so a row tells who acknowledged it. */
export const LOAD_SCHEMA: readonly string[] = [
  'CREATE DATABASE IF NOT EXISTS shop',
  `CREATE TABLE IF NOT EXISTS shop.orders (
  writer smallint unsigned NOT NULL,
  sequence bigint unsigned NOT NULL,
  server_uuid varchar(36) CHARACTER SET ascii NOT NULL,
  written_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (writer, sequence)
) ENGINE=InnoDB`,
];
