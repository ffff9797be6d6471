import { type Mysql } from '../mysql/mysql';

/**
 * The words of replication changed with 8.0.22/8.0.23 (REPLICA, SOURCE) and the old ones are gone in 8.4. Which words a
 * server understands is asked once per server object.
 */
export interface ReplicationWords {
  readonly startReceiver: string;
  readonly stopReceiver: string;
  readonly startApplier: string;
  readonly stopApplier: string;
  readonly start: string;
  readonly stop: string;
  readonly resetAll: string;
  readonly changeSource: string;
  /** Prefix of the options of CHANGE: SOURCE_HOST or MASTER_HOST. */
  readonly option: 'SOURCE' | 'MASTER';
}

const MODERN: ReplicationWords = {
  startReceiver: 'START REPLICA IO_THREAD',
  stopReceiver: 'STOP REPLICA IO_THREAD',
  startApplier: 'START REPLICA SQL_THREAD',
  stopApplier: 'STOP REPLICA SQL_THREAD',
  start: 'START REPLICA',
  stop: 'STOP REPLICA',
  resetAll: 'RESET REPLICA ALL',
  changeSource: 'CHANGE REPLICATION SOURCE TO',
  option: 'SOURCE',
};

const OLD: ReplicationWords = {
  startReceiver: 'START SLAVE IO_THREAD',
  stopReceiver: 'STOP SLAVE IO_THREAD',
  startApplier: 'START SLAVE SQL_THREAD',
  stopApplier: 'STOP SLAVE SQL_THREAD',
  start: 'START SLAVE',
  stop: 'STOP SLAVE',
  resetAll: 'RESET SLAVE ALL',
  changeSource: 'CHANGE MASTER TO',
  option: 'MASTER',
};

const known = new WeakMap<Mysql, ReplicationWords>();

export async function wordsOf(server: Mysql): Promise<ReplicationWords> {
  const before = known.get(server);
  if (before) return before;
  const version = String(await server.value('SELECT VERSION()'));
  const words = understandsReplica(version) ? MODERN : OLD;
  known.set(server, words);
  return words;
}

/** 8.0.23 is the first that knows both the REPLICA statements and CHANGE REPLICATION SOURCE TO. */
export function understandsReplica(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  return major > 8 || (major === 8 && (minor > 0 || patch >= 23));
}
