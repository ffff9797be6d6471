export interface RemovedSyntax {
  /** Words in a row, upper case. */
  readonly words: string;
  readonly gone: number;
  /** What means the same; null when somebody must think. */
  readonly instead: string | null;
  /** First release that knows `instead`; left out where all do. */
  readonly insteadSince?: number;
}

/**
 * Statements and clauses that a later release does not parse.
 * Sources: MySQL manual, "What Is New in MySQL 8.0", "What Is New in MySQL 8.4 since MySQL 8.0"; a test sends each to a real 9.7.
 */
export const REMOVED_SYNTAX: readonly RemovedSyntax[] = [
  { words: 'SQL_CACHE', gone: 80_000, instead: '' },
  { words: 'PROCEDURE ANALYSE', gone: 80_000, instead: null },
  { words: 'FLUSH QUERY CACHE', gone: 80_000, instead: null },
  { words: 'RESET QUERY CACHE', gone: 80_000, instead: null },
  { words: 'FLUSH DES_KEY_FILE', gone: 80_000, instead: null },
  { words: 'UPGRADE DATA DIRECTORY NAME', gone: 80_000, instead: null },
  { words: 'EXPLAIN EXTENDED', gone: 80_012, instead: 'EXPLAIN' },
  { words: 'EXPLAIN PARTITIONS', gone: 80_012, instead: 'EXPLAIN' },
  { words: 'FLUSH HOSTS', gone: 80_300, instead: 'TRUNCATE TABLE performance_schema.host_cache' },
  { words: 'SHOW SLAVE STATUS', gone: 80_400, instead: 'SHOW REPLICA STATUS', insteadSince: 80_022 },
  { words: 'SHOW SLAVE HOSTS', gone: 80_400, instead: 'SHOW REPLICAS', insteadSince: 80_022 },
  { words: 'START SLAVE', gone: 80_400, instead: 'START REPLICA', insteadSince: 80_022 },
  { words: 'STOP SLAVE', gone: 80_400, instead: 'STOP REPLICA', insteadSince: 80_022 },
  { words: 'RESET SLAVE', gone: 80_400, instead: 'RESET REPLICA', insteadSince: 80_022 },
  { words: 'SHOW MASTER STATUS', gone: 80_400, instead: 'SHOW BINARY LOG STATUS', insteadSince: 80_200 },
  { words: 'SHOW MASTER LOGS', gone: 80_400, instead: 'SHOW BINARY LOGS' },
  { words: 'PURGE MASTER LOGS', gone: 80_400, instead: 'PURGE BINARY LOGS' },
  { words: 'RESET MASTER', gone: 80_400, instead: 'RESET BINARY LOGS AND GTIDS', insteadSince: 80_200 },
  { words: 'CHANGE MASTER TO', gone: 80_400, instead: null },
];
