import { type InstanceFacts, type Release } from '../../workflows/decisions/facts';
import { RunbookError } from '../errors';
import { type CallOptions, type Mysql } from '../mysql/mysql';
import { judgeRelease, type ReleaseVerdict } from '../mysql/release';
import { forgetVersion, versionOf } from '../mysql/version';
import { channelFrom, oneLine, type ReceiverTimes, type StatusRow } from './channels';
import { readEpoch, readHeartbeat } from './our-tables';
import { semiSyncFrom } from './semi-sync';

export type QuickFacts = Omit<InstanceFacts, 'name' | 'host' | 'port' | 'detail'>;
type Supported = Extract<ReleaseVerdict, { supported: true }>;

/**
 * The facts that a failover needs, in three rows of statements side by side on three kept connections. Read only.
 * Throws what the server's calls throw, and UNSUPPORTED_SERVER.
 * Source: MySQL manual, "SHOW REPLICA STATUS", "Performance Schema Replication Tables", "SHOW REPLICAS".
 */
export async function readQuick(server: Mysql, schema: string, options: CallOptions): Promise<QuickFacts> {
  // Known from before where it can be: later looks need not ask before they can ask in its language.
  const version = await versionOf(server, options);
  const { oldWords, release } = supported(version);
  const [check, self, copying] = await Promise.all([
    // First in turn, so that on a cold pool it gets the connection that versionOf left open and times no login.
    readVersionAndSemiSync(server, options),
    readSelf(server, schema, options),
    readReplication(server, { release, oldWords }, options),
  ]);
  if (check.version !== version) {
    // Restarted as another release meanwhile: what we read may be in the wrong words.
    forgetVersion(server);
    return readQuick(server, schema, options);
  }
  return { readable: true, release, ...check, ...self, ...copying };
}

function supported(version: string): Supported {
  const verdict = judgeRelease(version);
  if (verdict.supported) return verdict;
  throw new RunbookError({
    code: 'UNSUPPORTED_SERVER',
    message: verdict.because,
    hint: 'Supported are MySQL 5.7, 8.0, 8.4 and 9.7; take this server out of the inventory.',
  });
}

async function readVersionAndSemiSync(server: Mysql, options: CallOptions) {
  const asked = performance.now();
  const version = String(await server.value('SELECT VERSION()', [], options));
  const roundTripMs = performance.now() - asked;
  const variables = await server.rows<NameAndValue>("SHOW GLOBAL VARIABLES LIKE 'rpl\\_semi\\_sync%'", [], options);
  const status = await server.rows<NameAndValue>(
    "SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Rpl\\_semi\\_sync%' OR Variable_name IN ('Uptime', 'Connections')",
    [],
    options,
  );
  const values = new Map([...variables, ...status].map((row) => [row.Variable_name.toLowerCase(), row.Value]));
  return {
    version,
    roundTripMs,
    uptimeSeconds: Number(values.get('uptime') ?? 0),
    newestSession: Number(values.get('connections') ?? 0),
    semiSync: semiSyncFrom(values),
  };
}

interface NameAndValue {
  readonly Variable_name: string;
  readonly Value: string;
}

interface SelfRow {
  readonly uuid: string;
  readonly id: number;
  readonly readOnly: number;
  readonly superReadOnly: number;
  readonly gtidMode: string;
  readonly executed: string;
  readonly purged: string;
}

async function readSelf(server: Mysql, schema: string, options: CallOptions) {
  // Not from performance_schema.global_variables: it cuts values at 1024 characters, and a GTID set is often longer.
  const [row] = await server.rows<SelfRow>(
    `SELECT @@global.server_uuid AS uuid, @@global.server_id AS id, @@global.read_only AS readOnly,
            @@global.super_read_only AS superReadOnly, @@global.gtid_mode AS gtidMode,
            @@global.gtid_executed AS executed, @@global.gtid_purged AS purged`,
    [],
    options,
  );
  if (!row)
    throw new RunbookError({ code: 'INTERNAL', message: `${server.name} answered no row`, hint: 'Report this.' });
  return {
    serverUuid: row.uuid,
    serverId: row.id,
    readOnly: row.readOnly === 1,
    superReadOnly: row.superReadOnly === 1,
    gtid: { mode: row.gtidMode, executed: oneLine(row.executed), purged: oneLine(row.purged) },
    heartbeat: await readHeartbeat(server, schema, options),
    epoch: await readEpoch(server, schema, options),
  };
}

async function readReplication(
  server: Mysql,
  { release, oldWords }: { release: Release; oldWords: boolean },
  options: CallOptions,
) {
  const rows = await server.rows<StatusRow>(oldWords ? 'SHOW SLAVE STATUS' : 'SHOW REPLICA STATUS', [], options);
  const times = rows.length > 0 ? await readReceiverTimes(server, release, options) : [];
  const causes = rows.some((row) => Number(row['Last_SQL_Errno'] ?? 0) !== 0) ? await readCauses(server, options) : [];
  const told = rows.map((row) => ({ ...row, ...causes.find((cause) => cause.Channel_Name === row['Channel_Name']) }));
  return { channels: told.map((row) => channelFrom(row, times)), feeds: await readFeeds(server, oldWords, options) };
}

interface Cause {
  readonly Channel_Name: string;
  readonly Last_SQL_Errno: number;
  readonly Last_SQL_Error: string;
}

/** With several workers the channel's own error may be what followed from the first (seen: 3030 and 13121 instead of 1062). */
const readCauses = (server: Mysql, options: CallOptions): Promise<Cause[]> =>
  orNothing(() =>
    server.rows<Cause>(
      `SELECT CHANNEL_NAME AS Channel_Name, LAST_ERROR_NUMBER AS Last_SQL_Errno, LAST_ERROR_MESSAGE AS Last_SQL_Error
         FROM performance_schema.replication_applier_status_by_worker
        WHERE LAST_ERROR_NUMBER <> 0 ORDER BY LAST_ERROR_TIMESTAMP`,
      [],
      options,
    ),
  );

interface TimesRow {
  readonly channel: string;
  readonly heartbeatPeriodSeconds: number;
  readonly now: string;
  readonly heartbeat: string | null;
  readonly queued: string | null;
  readonly queueing: string | null;
}

/**
 * 5.7 knows the last heartbeat, to the second, but not the last queued transaction. Heartbeats pause while transactions flow,
 * so on a busy 5.7 fleet that one time would accuse a source that is well: no time at all is the honest answer.
 */
async function readReceiverTimes(server: Mysql, release: Release, options: CallOptions): Promise<ReceiverTimes[]> {
  const signs =
    release === '5.7'
      ? 'NULL AS heartbeat, NULL AS queued, NULL AS queueing'
      : `s.LAST_HEARTBEAT_TIMESTAMP AS heartbeat, s.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP AS queued,
         s.QUEUEING_TRANSACTION_START_QUEUE_TIMESTAMP AS queueing`;
  const rows = await orNothing(() =>
    server.rows<TimesRow>(
      `SELECT c.CHANNEL_NAME AS channel, c.HEARTBEAT_INTERVAL AS heartbeatPeriodSeconds, NOW(6) AS now, ${signs}
         FROM performance_schema.replication_connection_configuration c
         JOIN performance_schema.replication_connection_status s ON s.CHANNEL_NAME = c.CHANNEL_NAME`,
      [],
      options,
    ),
  );
  return rows.map(({ channel, heartbeatPeriodSeconds, now, heartbeat, queued, queueing }) => ({
    channel,
    heartbeatPeriodSeconds,
    now,
    signs: [heartbeat, queued, queueing],
  }));
}

async function readFeeds(server: Mysql, oldWords: boolean, options: CallOptions): Promise<string[]> {
  const rows = await orNothing(() =>
    server.rows<{ Replica_UUID?: string; Slave_UUID?: string }>(
      oldWords ? 'SHOW SLAVE HOSTS' : 'SHOW REPLICAS',
      [],
      options,
    ),
  );
  return rows.map((row) => row.Replica_UUID ?? row.Slave_UUID ?? '').filter((uuid) => uuid !== '');
}

/** A missing privilege costs one fact here, never the whole look; doctor names the GRANT. */
async function orNothing<Row>(read: () => Promise<Row[]>): Promise<Row[]> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RunbookError && error.code === 'MISSING_PRIVILEGE') return [];
    throw error;
  }
}
