import { quoteName } from './quoting';

/**
 * The two tables of ours that every cluster has. Both replicate like any other table.
 *
 * `heartbeat`: one row per server that was ever primary, rewritten by the watcher's commit probe.
 * `epoch`: one row per promotion. The highest epoch is the truth about who the primary is; a writable server that knows only a
 * lower one missed a promotion.
 */
export const heartbeatTable = (schema: string): string => `${quoteName(schema)}.\`heartbeat\``;
export const epochTable = (schema: string): string => `${quoteName(schema)}.\`epoch\``;

/** Statements that make both tables, each safe to repeat. The primary key keeps row-based appliers fast. */
export const tableStatements = (schema: string): string[] => [
  `CREATE DATABASE IF NOT EXISTS ${quoteName(schema)}`,
  `CREATE TABLE IF NOT EXISTS ${heartbeatTable(schema)} (
     server_uuid CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,
     written_at TIMESTAMP(6) NOT NULL
   ) ENGINE=InnoDB`,
  `CREATE TABLE IF NOT EXISTS ${epochTable(schema)} (
     epoch BIGINT UNSIGNED NOT NULL PRIMARY KEY,
     primary_uuid CHAR(36) CHARACTER SET ascii NOT NULL,
     run VARCHAR(255) NOT NULL,
     opened_at TIMESTAMP(6) NOT NULL
   ) ENGINE=InnoDB`,
];
