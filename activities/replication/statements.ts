import { type Mysql } from '../mysql/mysql';
import { versionOf } from '../mysql/version';

/**
 * The words of replication changed with 8.0.22/8.0.23 (REPLICA, SOURCE) and the old ones are gone in 8.4. 8.0.4
 * brought caching_sha2_password, and with it the option that fetches the source's public key where there is no TLS.
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
  /** It can fetch the public key of its source: GET_SOURCE_PUBLIC_KEY or GET_MASTER_PUBLIC_KEY. */
  readonly fetchesKey: boolean;
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
  fetchesKey: true,
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
  fetchesKey: false,
};

export async function wordsOf(server: Mysql): Promise<ReplicationWords> {
  const version = await versionOf(server);
  if (understandsReplica(version)) return MODERN;
  return { ...OLD, fetchesKey: isAtLeast(version, 8, 0, 4) };
}

/** 8.0.23 is the first that knows both the REPLICA statements and CHANGE REPLICATION SOURCE TO. */
export const understandsReplica = (version: string): boolean => isAtLeast(version, 8, 0, 23);

const isAtLeast = (version: string, ...wanted: readonly [number, number, number]): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [first, second, third] = wanted;
  return (major - first || minor - second || patch - third) >= 0;
};
