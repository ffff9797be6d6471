/**
 * What one look at a cluster found. Written by activities/observe, judged by the other files of this folder.
 * GTID sets are the server's text. Ages and durations are milliseconds unless the name says otherwise.
 */
export interface ClusterSnapshot {
  readonly cluster: string;
  /** ISO 8601, the observer's clock. */
  readonly takenAt: string;
  readonly members: readonly Member[];
}

export type Member = InstanceFacts | UnreadableInstance;

export type UnreadableReason =
  | 'refused' // the host answers, nothing listens on the port
  | 'timed out' // no answer within the deadline: hung, partitioned or overloaded
  | 'unreachable' // no route, host down, name unknown
  | 'auth failed' // 1045, 3118, 1862 …: the server lives, our account does not
  | 'too many connections' // 1040: the server lives and is full
  | 'tls failed'
  | 'lost' // the connection broke while we were reading
  | 'unsupported' // MariaDB, or a release this product does not know
  | 'failed'; // anything else; `detail` has the server's words

export interface UnreadableInstance {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly readable: false;
  readonly reason: UnreadableReason;
  /** The server's or the operating system's own words, secrets removed. */
  readonly detail: string;
}

export type Release = '5.7' | '8.0' | '8.4' | '9.7';

export interface InstanceFacts {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly readable: true;
  readonly serverUuid: string;
  readonly serverId: number;
  /** As the server prints it: `9.7.4`. */
  readonly version: string;
  /** The nearest supported series at or below it: an 8.1 counts as 8.0, a 9.3 as 8.4. */
  readonly release: Release;
  readonly uptimeSeconds: number;
  /** Processlist id of the newest session so far (status variable Connections): what connects later has a higher one. */
  readonly newestSession?: number;
  readonly readOnly: boolean;
  readonly superReadOnly: boolean;
  readonly gtid: GtidFacts;
  /** Replication channels; an empty list means this server copies from nobody. */
  readonly channels: readonly ChannelFacts[];
  /** server_uuid of every replica whose dump thread this server feeds now. */
  readonly feeds: readonly string[];
  readonly semiSync: SemiSyncFacts;
  readonly heartbeat: HeartbeatFacts | null;
  readonly epoch: EpochFacts | null;
  /** Round trip of the cheapest query, for clock-skew and overload judgement. */
  readonly roundTripMs: number;
  /** Only in a full look: null after a quick one. */
  readonly detail: InstanceDetail | null;
}

export interface GtidFacts {
  readonly mode: string;
  readonly executed: string;
  readonly purged: string;
}

export type ThreadState = 'running' | 'connecting' | 'stopped';

export interface ChannelFacts {
  /** '' is the default channel. */
  readonly name: string;
  readonly sourceHost: string;
  readonly sourcePort: number;
  /** '' until the replica has once connected. */
  readonly sourceUuid: string;
  readonly autoPosition: boolean;
  readonly receiver: ThreadState;
  readonly applier: ThreadState;
  readonly receiverError: ReplicationError | null;
  readonly applierError: ReplicationError | null;
  /** Retrieved_Gtid_Set: what is or was in the relay log since it was last reset. */
  readonly retrieved: string;
  /** Since the newest sign of life from the source (heartbeat, or end of a queued transaction). null = never, or not known (5.7). */
  readonly silentForMs: number | null;
  readonly delaySeconds: number;
  readonly heartbeatPeriodSeconds: number;
  readonly connectRetrySeconds: number;
  readonly retryCount: number;
  readonly filters: readonly string[];
}

export interface ReplicationError {
  readonly code: number;
  readonly message: string;
}

export interface SemiSyncFacts {
  readonly sourceInstalled: boolean;
  readonly replicaInstalled: boolean;
  readonly sourceEnabled: boolean;
  readonly replicaEnabled: boolean;
  /** Rpl_semi_sync_source_status: false means commits are not waiting for anybody at this moment. */
  readonly sourceActive: boolean;
  /** Rpl_semi_sync_replica_status: this replica's receiver acknowledges. */
  readonly replicaActive: boolean;
  readonly waitForReplicaCount: number;
  readonly waitNoReplica: boolean;
  readonly timeoutMs: number;
  /** Replicas that acknowledge now, as the source counts them. */
  readonly acknowledgers: number;
  /** Sessions waiting for an acknowledgement now. */
  readonly waitingSessions: number;
  /** Rpl_semi_sync_source_no_tx: commits since start that nobody acknowledged. */
  readonly unacknowledged: number;
}

/** The newest row of the heartbeat table as this server has it applied. */
export interface HeartbeatFacts {
  readonly writtenBy: string;
  /** Age by this server's clock. */
  readonly ageMs: number;
}

/** The newest promotion this server knows of. The highest epoch is the truth; a writable server with a lower one is a split brain. */
export interface EpochFacts {
  readonly epoch: number;
  readonly primaryUuid: string;
  readonly run: string;
}

export interface InstanceDetail {
  /** Global variables that decide RTO and RPO, by name. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables that are persisted (mysqld-auto.cnf or configuration file) by name: the value at the next boot, where the server tells. */
  readonly atBoot: Readonly<Record<string, string>>;
  readonly transactions: readonly OpenTransaction[];
  readonly preparedXa: readonly string[];
  readonly events: readonly EventFacts[];
  /** `schema.table (engine)` of user tables that are not InnoDB; at most 50. */
  readonly nonInnodbTables: readonly string[];
  /** SHOW GRANTS of our own account, one line each. */
  readonly grants: readonly string[];
  readonly plugins: readonly string[];
  /** Server clock minus observer clock. */
  readonly clockSkewMs: number;
  /** The server records who holds table and backup locks; 5.7 does not unless told to. */
  readonly recordsLocks: boolean;
  readonly jobs: readonly Job[];
  readonly schemaChanges: readonly SchemaChange[];
  /** Parts that stayed empty because they could not be read (a missing privilege, a slow schema), with the server's words. */
  readonly notRead?: readonly { readonly part: DetailPart; readonly because: string }[];
}

export type DetailPart =
  | 'variables'
  | 'binary log filters'
  | 'persisted variables'
  | 'variables changed since boot'
  | 'open transactions'
  | 'prepared XA transactions'
  | 'events'
  | 'tables that are not InnoDB'
  | 'grants'
  | 'plugins'
  | 'clock'
  | 'lock recording'
  | 'clones and backups'
  | 'schema changes';

/** Sessions that copy a server or read its binary log. */
export interface Job {
  readonly kind:
    | 'clone' // this server, or a folder on it, is being filled
    | 'clone donor'
    | 'backup' // by its program
    | 'backup lock'
    | 'snapshot' // a long read that looks like a backup
    | 'binlog reader'
    | 'schema change';
  readonly user: string;
  readonly sessions: readonly number[];
  /** The donor, the program, the statement that took the lock, the age, or the reader's server_uuid ('' = it gave none). */
  readonly by: string;
}

/** What an online schema change has made beside or on one table. */
export interface SchemaChange {
  readonly tool: 'gh-ost' | 'pt-online-schema-change';
  /** `schema.table`, as far as the names tell. */
  readonly table: string;
  /** Tables (gh-ost) or triggers (pt-online-schema-change), `schema.name`. */
  readonly made: readonly string[];
  /** Since the newest write to one of those tables; null = none since the server started, or not known. */
  readonly writtenSecondsAgo: number | null;
}

export interface OpenTransaction {
  readonly session: number;
  readonly user: string;
  readonly ageSeconds: number;
  readonly rowsModified: number;
  readonly query: string;
}

export interface EventFacts {
  readonly schema: string;
  readonly name: string;
  readonly status: string;
}

export const readable = (members: readonly Member[]): InstanceFacts[] =>
  members.filter((member): member is InstanceFacts => member.readable);

export const unreadable = (members: readonly Member[]): UnreadableInstance[] =>
  members.filter((member): member is UnreadableInstance => !member.readable);

/** The channel a cluster member replicates by; several channels are refused elsewhere. */
export const channelOf = (facts: InstanceFacts): ChannelFacts | undefined => facts.channels[0];

/** How much of the cluster a look saw, and why not the rest. */
export function tellRead({ members }: ClusterSnapshot): string {
  const dark = unreadable(members).map(({ name, reason, detail }) => `; ${name}: ${reason} (${detail})`);
  return `${readable(members).length} of ${members.length} members could be read${dark.join('')}`;
}

/** The newest promotion that any member which could be read knows of; null = nobody was ever promoted by a runbook. */
export const newestPromotion = ({ members }: Pick<ClusterSnapshot, 'members'>): EpochFacts | null =>
  readable(members)
    .flatMap(({ epoch }) => epoch ?? [])
    .reduce<EpochFacts | null>((best, one) => (best !== null && best.epoch >= one.epoch ? best : one), null);

/** Its number; 0 = none. */
export const newestEpoch = (snapshot: ClusterSnapshot): number => newestPromotion(snapshot)?.epoch ?? 0;
