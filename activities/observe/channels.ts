import { type ChannelFacts, type ReplicationError, type ThreadState } from '../../workflows/decisions/facts';

/** One row of SHOW REPLICA STATUS or SHOW SLAVE STATUS; numbers may come as text. */
export type StatusRow = Readonly<Record<string, string | number | null>>;

/** What performance_schema adds to it. Times are the server's, in the session's time zone (UTC), with microseconds. */
export interface ReceiverTimes {
  readonly channel: string;
  readonly heartbeatPeriodSeconds: number;
  readonly now: string;
  /** null, or a zero date, for what never happened; 5.7 has none of them. */
  readonly signs: readonly (string | null)[];
}

const FILTERS = [
  'Replicate_Do_DB',
  'Replicate_Ignore_DB',
  'Replicate_Do_Table',
  'Replicate_Ignore_Table',
  'Replicate_Wild_Do_Table',
  'Replicate_Wild_Ignore_Table',
  'Replicate_Rewrite_DB',
  'Replicate_Ignore_Server_Ids',
];

/** Source: MySQL manual, "SHOW REPLICA STATUS Statement", "The replication_connection_status Table". */
export function channelFrom(row: StatusRow, times: readonly ReceiverTimes[]): ChannelFacts {
  const text = (name: string) => String(row[name] ?? '');
  /** The columns were renamed in 8.0.22: Source_Host was Master_Host, Replica_IO_Running was Slave_IO_Running. */
  const renamed = (name: string) => row[name] ?? row[name.replace('Source', 'Master').replace('Replica', 'Slave')];
  const channel = text('Channel_Name');
  const mine = times.find((one) => one.channel === channel);
  return {
    name: channel,
    sourceHost: String(renamed('Source_Host') ?? ''),
    sourcePort: Number(renamed('Source_Port') ?? 0),
    sourceUuid: String(renamed('Source_UUID') ?? ''),
    autoPosition: text('Auto_Position') === '1',
    receiver: threadState(renamed('Replica_IO_Running')),
    applier: threadState(renamed('Replica_SQL_Running')),
    receiverError: replicationError(row['Last_IO_Errno'], text('Last_IO_Error')),
    applierError: replicationError(row['Last_SQL_Errno'], text('Last_SQL_Error')),
    retrieved: oneLine(text('Retrieved_Gtid_Set')),
    silentForMs: mine ? silence(mine) : null,
    delaySeconds: Number(text('SQL_Delay')),
    heartbeatPeriodSeconds: mine?.heartbeatPeriodSeconds ?? 0,
    connectRetrySeconds: Number(text('Connect_Retry')),
    retryCount: Number(renamed('Source_Retry_Count') ?? 0),
    filters: FILTERS.filter((name) => text(name) !== '').map((name) => `${name}=${text(name)}`),
  };
}

/** The server breaks a long GTID set into lines. */
export const oneLine = (gtidSet: string): string => gtidSet.replaceAll('\n', '');

function threadState(running: string | number | null | undefined): ThreadState {
  if (running === 'Yes') return 'running';
  return running === 'Connecting' ? 'connecting' : 'stopped';
}

function replicationError(code: string | number | null | undefined, message: string): ReplicationError | null {
  const number = Number(code ?? 0);
  return number === 0 ? null : { code: number, message };
}

/**
 * Heartbeats pause while transactions flow, so the newest of all signs counts; both ends are the server's own clock.
 * A clock that was set back must not make the silence negative.
 */
function silence({ now, signs }: ReceiverTimes): number | null {
  const seen = signs.filter((sign): sign is string => sign !== null && !sign.startsWith('0000'));
  if (seen.length === 0) return null;
  return Math.max(0, instant(now) - Math.max(...seen.map(instant)));
}

const instant = (time: string): number => Date.parse(`${time.replace(' ', 'T')}Z`);
