export interface RemovedVariable {
  readonly name: string;
  readonly gone: number;
  /** The default of the releases that have it: 5.7 does not tell who set a value. Left out = every value counts. */
  readonly usual?: readonly string[];
  readonly instead?: string;
}

const gone = (
  release: number,
  rows: readonly (readonly [name: string, usual: string | readonly string[], instead?: string])[],
): RemovedVariable[] =>
  rows.map(([name, usual, instead]) => ({
    name,
    gone: release,
    usual: typeof usual === 'string' ? [usual] : usual,
    ...(instead !== undefined && { instead }),
  }));

/**
 * Global variables that a later server does not know: one that stands in an option file keeps it from starting.
 * Sources: MySQL manual, "Server and Status Variables and Options Added, Deprecated, or Removed" of 8.0, 8.4 and 9.7; defaults as 5.7.22 and
 * 8.0.12 show them. A test compares with the variables that real servers of 5.7, 8.0 and 9.7 have.
 */
export const REMOVED_VARIABLES: readonly RemovedVariable[] = [
  ...gone(80_000, [
    ['date_format', '%Y-%m-%d'],
    ['datetime_format', '%Y-%m-%d %H:%i:%s'],
    ['time_format', '%H:%i:%s'],
    ['group_replication_allow_local_disjoint_gtids_join', 'OFF'],
    ['ignore_builtin_innodb', 'OFF'],
    ['ignore_db_dirs', ''],
    ['innodb_checksums', 'ON', 'innodb_checksum_algorithm'],
    ['innodb_file_format', 'Barracuda'],
    ['innodb_file_format_check', 'ON'],
    ['innodb_file_format_max', ['Antelope', 'Barracuda']],
    ['innodb_large_prefix', 'ON'],
    ['innodb_locks_unsafe_for_binlog', 'OFF', 'transaction_isolation (READ-COMMITTED)'],
    ['innodb_stats_sample_pages', '8', 'innodb_stats_transient_sample_pages'],
    ['innodb_support_xa', 'ON'],
    ['innodb_undo_logs', '128', 'innodb_rollback_segments'],
    ['log_builtin_as_identified_by_password', 'OFF'],
    ['log_warnings', '2', 'log_error_verbosity'],
    ['max_tmp_tables', '32'],
    ['multi_range_count', '256'],
    ['old_passwords', '0'],
    ['query_cache_limit', '1048576'],
    ['query_cache_min_res_unit', '4096'],
    ['query_cache_size', '1048576'],
    ['query_cache_type', 'OFF'],
    ['query_cache_wlock_invalidate', 'OFF'],
    ['secure_auth', 'ON'],
    ['show_compatibility_56', 'OFF'],
    ['sync_frm', 'ON'],
    ['tx_isolation', 'REPEATABLE-READ', 'transaction_isolation'],
    ['tx_read_only', 'OFF', 'transaction_read_only'],
  ]),
  ...gone(80_013, [
    ['log_syslog', ['OFF', 'ON'], 'the component log_sink_syseventlog'],
    ['log_syslog_facility', 'daemon', 'syseventlog.facility'],
    ['log_syslog_include_pid', 'ON', 'syseventlog.include_pid'],
    ['log_syslog_tag', '', 'syseventlog.tag'],
    ['metadata_locks_cache_size', '1024'],
    ['metadata_locks_hash_instances', '8'],
  ]),
  ...gone(80_016, [['internal_tmp_disk_storage_engine', ['InnoDB', 'INNODB']]]),
  ...gone(80_030, [['myisam_repair_threads', '1']]),
  ...gone(80_200, [['expire_logs_days', '0', 'binlog_expire_logs_seconds']]),
  ...gone(80_300, [
    ['daemon_memcached_option', ''],
    ['group_replication_ip_whitelist', 'AUTOMATIC', 'group_replication_ip_allowlist'],
    ['log_bin_use_v1_row_events', 'OFF'],
    ['master_info_file', 'master.info'],
    ['master_info_repository', ['FILE', 'TABLE']],
    ['relay_log_info_file', 'relay-log.info'],
    ['relay_log_info_repository', ['FILE', 'TABLE']],
    ['slave_rows_search_algorithms', ['TABLE_SCAN,INDEX_SCAN', 'INDEX_SCAN,HASH_SCAN']],
    ['transaction_write_set_extraction', ['OFF', 'XXHASH64']],
  ]),
  ...gone(80_400, [
    ['authentication_fido_rp_id', 'mysql'],
    ['avoid_temporal_upgrade', 'OFF'],
    ['binlog_transaction_dependency_tracking', 'COMMIT_ORDER'],
    ['default_authentication_plugin', ['mysql_native_password', 'caching_sha2_password'], 'authentication_policy'],
    ['group_replication_recovery_complete_at', 'TRANSACTIONS_APPLIED'],
    ['keyring_encrypted_file_data', [], 'the component keyring_encrypted_file'],
    ['keyring_file_data', [], 'the component keyring_file'],
    ['new', 'OFF'],
    ['old', 'OFF'],
    ['show_old_temporals', 'OFF'],
  ]),
  ...gone(90_700, [
    ['group_replication_allow_local_lower_version_join', 'OFF'],
    ['innodb_log_file_size', ['50331648'], 'innodb_redo_log_capacity'],
    ['innodb_log_files_in_group', '2', 'innodb_redo_log_capacity'],
    ['innodb_undo_tablespaces', ['0', '2']],
    ['mysql_native_password_proxy_users', 'OFF'],
    ['replica_parallel_type', ['DATABASE', 'LOGICAL_CLOCK']],
    ['rpl_semi_sync_master_enabled', 'OFF', 'rpl_semi_sync_source_enabled'],
    ['rpl_semi_sync_master_timeout', '10000', 'rpl_semi_sync_source_timeout'],
    ['rpl_semi_sync_master_trace_level', '32', 'rpl_semi_sync_source_trace_level'],
    ['rpl_semi_sync_master_wait_for_slave_count', '1', 'rpl_semi_sync_source_wait_for_replica_count'],
    ['rpl_semi_sync_master_wait_no_slave', 'ON', 'rpl_semi_sync_source_wait_no_replica'],
    ['rpl_semi_sync_master_wait_point', 'AFTER_SYNC', 'rpl_semi_sync_source_wait_point'],
    ['rpl_semi_sync_slave_enabled', 'OFF', 'rpl_semi_sync_replica_enabled'],
    ['rpl_semi_sync_slave_trace_level', '32', 'rpl_semi_sync_replica_trace_level'],
    ['slave_parallel_type', ['DATABASE', 'LOGICAL_CLOCK']],
    ['temptable_use_mmap', ['ON', 'OFF'], 'temptable_max_mmap'],
    ['version_tokens_session', ''],
  ]),
];

/** Read only, tell about the server, stand in no option file: nobody misses them but a program that reads them. */
export const REMOVED_FACTS: readonly string[] = ['have_crypt', 'have_openssl', 'have_ssl'];

/** Names of 8.0.26 and later for what 8.4 and 9.7 still know under both names. Source: MySQL manual, "Replica Server Options and Variables". */
export const RENAMED_VARIABLES: Readonly<Record<string, string>> = {
  init_slave: 'init_replica',
  log_slave_updates: 'log_replica_updates',
  log_slow_slave_statements: 'log_slow_replica_statements',
  master_verify_checksum: 'source_verify_checksum',
  rpl_stop_slave_timeout: 'rpl_stop_replica_timeout',
  skip_slave_start: 'skip_replica_start',
  slave_allow_batching: 'replica_allow_batching',
  slave_checkpoint_group: 'replica_checkpoint_group',
  slave_checkpoint_period: 'replica_checkpoint_period',
  slave_compressed_protocol: 'replica_compressed_protocol',
  slave_exec_mode: 'replica_exec_mode',
  slave_load_tmpdir: 'replica_load_tmpdir',
  slave_max_allowed_packet: 'replica_max_allowed_packet',
  slave_net_timeout: 'replica_net_timeout',
  slave_parallel_workers: 'replica_parallel_workers',
  slave_pending_jobs_size_max: 'replica_pending_jobs_size_max',
  slave_preserve_commit_order: 'replica_preserve_commit_order',
  slave_skip_errors: 'replica_skip_errors',
  slave_sql_verify_checksum: 'replica_sql_verify_checksum',
  slave_transaction_retries: 'replica_transaction_retries',
  slave_type_conversions: 'replica_type_conversions',
};
export const RENAMED_SINCE = 80_026;

export interface ChangedDefault {
  readonly name: string;
  readonly since: number;
  readonly was: readonly string[];
  readonly becomes: string;
}

const changed = (
  since: number,
  rows: readonly (readonly [name: string, was: string | readonly string[], becomes: string])[],
): ChangedDefault[] =>
  rows.map(([name, was, becomes]) => ({ name, since, was: typeof was === 'string' ? [was] : was, becomes }));

/** Values that change by themselves where nobody has set them. Sources: as above; values as 5.7.22, 8.0.12 and 9.7.4 show them. */
export const CHANGED_DEFAULTS: readonly ChangedDefault[] = [
  ...changed(80_000, [
    ['character_set_server', 'latin1', 'utf8mb4'],
    ['collation_server', 'latin1_swedish_ci', 'utf8mb4_0900_ai_ci'],
    ['event_scheduler', 'OFF', 'ON'],
    ['expire_logs_days', '0', 'binary logs are removed after 30 days (binlog_expire_logs_seconds = 2592000)'],
    ['explicit_defaults_for_timestamp', 'OFF', 'ON'],
    ['innodb_autoinc_lock_mode', '1', '2'],
    ['innodb_flush_neighbors', '1', '0'],
    ['innodb_max_dirty_pages_pct', '75.000000', '90'],
    ['innodb_max_dirty_pages_pct_lwm', '0.000000', '10'],
    ['innodb_undo_log_truncate', 'OFF', 'ON'],
    ['local_infile', 'ON', 'OFF'],
    ['log_error_verbosity', '3', '2'],
    ['max_allowed_packet', '4194304', '67108864'],
    ['max_error_count', '64', '1024'],
    ['table_open_cache', '2000', '4000'],
  ]),
  ...changed(80_027, [
    ['slave_parallel_workers', '0', '4'],
    ['slave_preserve_commit_order', 'OFF', 'ON'],
  ]),
  ...changed(80_400, [
    ['group_replication_consistency', 'EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER'],
    ['group_replication_exit_state_action', 'READ_ONLY', 'OFFLINE_MODE'],
    ['innodb_adaptive_hash_index', 'ON', 'OFF'],
    ['innodb_flush_method', ['', 'fsync'], 'O_DIRECT'],
    ['innodb_io_capacity', '200', '10000'],
    ['innodb_io_capacity_max', '2000', '20000'],
    ['innodb_log_buffer_size', '16777216', '67108864'],
    ['innodb_numa_interleave', 'OFF', 'ON'],
    ['innodb_purge_threads', '4', '1 on up to 16 processors'],
    ['temptable_max_mmap', '1073741824', '0'],
  ]),
  ...changed(90_700, [
    ['binlog_transaction_dependency_history_size', '25000', '10000000'],
    ['caching_sha2_password_digest_rounds', '5000', '10000'],
    ['enforce_gtid_consistency', 'OFF', 'ON'],
    ['explain_format', 'TRADITIONAL', 'TREE'],
    ['explain_json_format_version', '1', '2'],
    ['gtid_mode', 'OFF', 'ON'],
    ['innodb_change_buffer_max_size', '25', '5'],
  ]),
];

/** Gone in 8.0. Source: MySQL manual, "SQL Mode Changes in MySQL 8.0". */
export const REMOVED_SQL_MODES: readonly string[] =
  'DB2 MAXDB MSSQL MYSQL323 MYSQL40 NO_AUTO_CREATE_USER NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS ORACLE POSTGRESQL'.split(
    ' ',
  );

export const SQL_MODE_OF_5_7 =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION';
