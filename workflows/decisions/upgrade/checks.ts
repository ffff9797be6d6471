/** Every precheck: what it looks for, and the section of the MySQL manual that has the background. Also the table of docs/runbooks/upgrade.md. */
export const CHECKS = {
  'forced-step': { looksFor: 'a path that skips a release', manual: 'Upgrade Paths' },
  'release-mix': {
    looksFor: 'more than two releases in one cluster, or a replica older than its source',
    manual: 'Replication Compatibility Between MySQL Versions',
  },
  unread: { looksFor: 'members, schemas or tables that could not be read', manual: 'Privileges Provided by MySQL' },
  'removed-variable': {
    looksFor: 'variables that the new server does not know: in an option file they keep it from starting',
    manual: 'Server and Status Variables and Options Added, Deprecated, or Removed',
  },
  'renamed-variable': {
    looksFor: 'variables that are set by their old name',
    manual: 'Replica Server Options and Variables',
  },
  'changed-default': {
    looksFor: 'values that nobody has set and that change by themselves',
    manual: 'Server and Status Variables and Options Added, Deprecated, or Removed',
  },
  'refused-value': { looksFor: 'values that the new server does not take', manual: 'Server System Variables' },
  'option-files': { looksFor: 'option files, which no server shows by SQL', manual: 'Server Configuration Validation' },
  'sql-mode': { looksFor: 'SQL modes that are gone', manual: 'Server SQL Modes' },
  plugin: {
    looksFor: 'plugins that became components, got another name, or are gone',
    manual: 'Installing and Uninstalling Plugins',
  },
  'prepared-xa': {
    looksFor: 'prepared XA transactions, which keep an upgrade from starting',
    manual: 'XA Transaction States',
  },
  'fast-shutdown': {
    looksFor: 'innodb_fast_shutdown = 2: the new server does not take over such data',
    manual: 'Upgrading MySQL Binary or Package-based Installations',
  },
  'replication-settings': {
    looksFor: 'settings of replication that the new release or the way back does not carry',
    manual: 'Upgrading or Downgrading a Replication Topology',
  },
  'replication-login': {
    looksFor: 'channels that cannot log in with caching_sha2_password',
    manual: 'Caching SHA-2 Pluggable Authentication',
  },
  'authentication-plugin': {
    looksFor: 'accounts by authentication plugin, and what their clients must support',
    manual: 'Authentication Plugins',
  },
  'client-library': {
    looksFor: 'connected clients whose library is too old for the default authentication',
    manual: 'Caching SHA-2 Pluggable Authentication',
  },
  'removed-privilege': { looksFor: 'privileges that are gone', manual: 'Privileges Provided by MySQL' },
  utf8mb3: {
    looksFor: 'schemas, tables and columns in three-byte UTF-8',
    manual: 'Converting Between 3-Byte and 4-Byte Unicode Character Sets',
  },
  'reserved-word': { looksFor: 'names that became reserved words', manual: 'Keywords and Reserved Words' },
  'old-name': {
    looksFor: 'names in the encoding of before 5.1 (#mysql50#)',
    manual: 'Mapping of Identifiers to File Names',
  },
  'dollar-name': { looksFor: 'names that begin with a dollar sign', manual: 'Schema Object Names' },
  'upper-case-name': {
    looksFor: 'upper-case names under lower_case_table_names = 1',
    manual: 'Identifier Case Sensitivity',
  },
  'system-table-name': {
    looksFor: 'own tables in the schema mysql with names of the data dictionary',
    manual: 'Data Dictionary Schema',
  },
  'long-name': { looksFor: 'names of more than 64 characters', manual: 'Identifier Length Limits' },
  'float-auto-increment': { looksFor: 'AUTO_INCREMENT on FLOAT and DOUBLE', manual: 'Using AUTO_INCREMENT' },
  'numeric-attribute': {
    looksFor: 'FLOAT(M,D), ZEROFILL, and UNSIGNED on floating and decimal columns',
    manual: 'Numeric Type Attributes',
  },
  'enum-length': { looksFor: 'ENUM and SET elements of more than 255 characters', manual: 'The ENUM Type' },
  'old-temporal': {
    looksFor: 'dates and times in the format of 5.5',
    manual: 'Date and Time Type Storage Requirements',
  },
  'blob-default': {
    looksFor: 'literal defaults of TEXT, BLOB, JSON and geometry columns',
    manual: 'Data Type Default Values',
  },
  'generated-cast': {
    looksFor: 'indexed generated columns whose expression changes its meaning or is gone',
    manual: 'CREATE TABLE and Generated Columns',
  },
  'spatial-srid': {
    looksFor: 'spatial indexes on columns without an SRID, which the optimizer leaves unused',
    manual: 'Creating Spatial Indexes',
  },
  'zero-date': {
    looksFor: 'zero dates: defaults, and rows (sampled; all of them with --deep)',
    manual: 'Server SQL Modes',
  },
  'partition-engine': {
    looksFor: 'partitioned tables that are not InnoDB',
    manual: 'Partitioning Limitations Relating to Storage Engines',
  },
  'partition-tablespace': { looksFor: 'partitions in shared tablespaces', manual: 'General Tablespaces' },
  'partition-bound': { looksFor: 'partition bounds with odd delimiters in dates', manual: 'Date and Time Literals' },
  'partition-prefix-key': {
    looksFor: 'PARTITION BY KEY on columns of which only a prefix is indexed',
    manual: 'KEY Partitioning',
  },
  'index-too-large': { looksFor: 'indexes beyond 767 bytes in REDUNDANT and COMPACT tables', manual: 'InnoDB Limits' },
  'two-engines': {
    looksFor: 'tables that InnoDB knows and another engine holds',
    manual: 'Preparing Your Installation for Upgrade',
  },
  'orphan-table': {
    looksFor: 'tables in InnoDB without a definition',
    manual: 'Preparing Your Installation for Upgrade',
  },
  'orphan-program': {
    looksFor: 'routines and events of schemas that do not exist',
    manual: 'Preparing Your Installation for Upgrade',
  },
  'tablespace-path': { looksFor: 'tablespace files reached through ..', manual: 'General Tablespaces' },
  'check-table': { looksFor: 'what CHECK TABLE … FOR UPGRADE says (with --deep)', manual: 'CHECK TABLE Statement' },
  'foreign-key-name': {
    looksFor: 'foreign keys whose name has more than 64 characters',
    manual: 'Identifier Length Limits',
  },
  'foreign-key-parent': {
    looksFor: 'foreign keys that refer to columns without a unique key',
    manual: 'FOREIGN KEY Constraints',
  },
  'foreign-key-engine': {
    looksFor: 'foreign keys that refer to a table of another engine',
    manual: 'FOREIGN KEY Constraints',
  },
  'removed-function': {
    looksFor: 'functions that are gone, in views, programs and generated columns',
    manual: 'Loadable Function Reference',
  },
  'removed-syntax': {
    looksFor: 'statements and clauses that are gone, in views and programs',
    manual: 'Preparing Your Installation for Upgrade',
  },
  'reserved-word-in-program': {
    looksFor: 'unquoted words in programs that became reserved',
    manual: 'Keywords and Reserved Words',
  },
  'removed-variable-in-program': {
    looksFor: 'programs that use a variable that is gone',
    manual: 'Server System Variables',
  },
  'sql-mode-in-program': { looksFor: 'programs made under an SQL mode that is gone', manual: 'Server SQL Modes' },
  'group-by-direction': { looksFor: 'GROUP BY … ASC or DESC, which no longer parses', manual: 'SELECT Statement' },
  'group-by-order': { looksFor: 'GROUP BY without ORDER BY: 5.7 sorted by itself', manual: 'ORDER BY Optimization' },
  'grant-identified': { looksFor: 'GRANT … IDENTIFIED BY in programs', manual: 'GRANT Statement' },
  statement: {
    looksFor: 'all of these in statements that clients have sent (performance_schema)',
    manual: 'Performance Schema Statement Digests and Sampling',
  },
  'backup-tools': { looksFor: 'tools that must be renewed with the server', manual: 'Backup and Recovery Types' },
  'router-version': {
    looksFor: 'routers that must be renewed, or told of the new release, first',
    manual: 'Upgrade Best Practices',
  },
  'official-checker': {
    looksFor: 'what util.checkForServerUpgrade() of MySQL Shell finds, where it is installed',
    manual: 'Upgrade Checker Utility',
  },
} as const satisfies Record<string, { readonly looksFor: string; readonly manual: string }>;

export type CheckId = keyof typeof CHECKS;
