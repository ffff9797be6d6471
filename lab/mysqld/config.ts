import { type MysqlPrograms } from '../programs/mysql';
import { type Durability } from '../../workflows/decisions/cluster';

export interface ServerSettings {
  readonly serverId: number;
  readonly folder: string;
  readonly socket: string;
  readonly port: number;
  /** The address that others are told, which is a relay's when links can be cut. */
  readonly reportPort: number;
  readonly adminPort: number;
  /** Base name of the binary logs, within the data folder or absolute. */
  readonly binlogs: string;
  readonly durability: Durability;
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** More `name=value` lines; the last one wins. */
  readonly extra: readonly string[];
}

/** No fallback to asynchronous in any life of a server: the largest value that the server takes (49 days). */
const ENDLESS_MS = 4_294_967_295;

/**
 * One server's option file. A person reads it beside the product's advice, so it says why.
 * Source: MySQL manual, "Replication and Binary Logging Options and Variables".
 */
export function optionFile(programs: MysqlPrograms, settings: ServerSettings): string {
  const { folder, durability } = settings;
  return `[mysqld]
${Object.entries(programs.options)
  .map(([name, value]) => `${name}=${value}`)
  .join('\n')}
${process.getuid?.() === 0 ? 'user=root' : ''}
datadir=${folder}/data
socket=${settings.socket}
pid-file=${folder}/mysqld.pid
log-error=${folder}/error.log
secure-file-priv=
bind-address=127.0.0.1
port=${settings.port}
admin-address=127.0.0.1
admin-port=${settings.adminPort}
mysqlx=OFF
report-host=127.0.0.1
report-port=${settings.reportPort}
skip-name-resolve=ON
ssl-ca=${settings.tls.ca}
ssl-cert=${settings.tls.certificate}
ssl-key=${settings.tls.key}
admin-ssl-ca=${settings.tls.ca}
admin-ssl-cert=${settings.tls.certificate}
admin-ssl-key=${settings.tls.key}

# Replication: by GTID, rows, and every server able to become a source.
server-id=${settings.serverId}
gtid-mode=ON
enforce-gtid-consistency=ON
log-bin=${settings.binlogs}
binlog-format=ROW
log-replica-updates=ON
relay-log=relay
relay-log-recovery=ON
replica-net-timeout=2
replica-parallel-workers=4
replica-preserve-commit-order=ON
binlog-expire-logs-seconds=86400

# Roles are given at runtime only. A server that comes back takes no write and follows nobody until it was looked at.
super-read-only=ON
skip-replica-start=ON

# What was acknowledged survives a crash of this server.
sync-binlog=1
innodb-flush-log-at-trx-commit=1

plugin-load-add=semisync_source.so
plugin-load-add=semisync_replica.so
plugin-load-add=mysql_clone.so
# Acknowledging is a replica's part and always on; waiting is the primary's, switched on when writes are opened.
loose-rpl-semi-sync-replica-enabled=${durability === 'async' ? 'OFF' : 'ON'}
loose-rpl-semi-sync-source-wait-point=AFTER_SYNC
loose-rpl-semi-sync-source-wait-for-replica-count=1
loose-rpl-semi-sync-source-timeout=${durability === 'lossless' ? ENDLESS_MS : 3000}
# OFF would go on without acknowledgements the moment the replicas are cut off: then no failover could prove that nothing was lost.
loose-rpl-semi-sync-source-wait-no-replica=ON

${SMALL}
${settings.extra.join('\n')}
`;
}

/** Several servers share one machine: about 250 MB each instead of 540. performance_schema stays on, it is what we read. */
export const SMALL = `innodb-buffer-pool-size=64M
innodb-redo-log-capacity=64M
innodb-log-buffer-size=4M
innodb-ddl-threads=1
innodb-read-io-threads=1
innodb-write-io-threads=1
innodb-purge-threads=1
innodb-page-cleaners=1
innodb-buffer-pool-dump-at-shutdown=OFF
innodb-buffer-pool-load-at-startup=OFF
innodb-fast-shutdown=1
max-connections=120
thread-cache-size=16
table-open-cache=200
table-open-cache-instances=1
table-definition-cache=400
temptable-max-ram=16M
key-buffer-size=1M
performance-schema=ON
performance-schema-max-table-instances=300
performance-schema-max-table-handles=300
performance-schema-max-thread-instances=200
performance-schema-events-statements-history-long-size=10
performance-schema-events-transactions-history-long-size=10
performance-schema-events-stages-history-long-size=10
performance-schema-events-waits-history-long-size=10
performance-schema-digests-size=100
performance-schema-max-digest-length=256
performance-schema-error-size=50
performance-schema-max-sql-text-length=256`;
