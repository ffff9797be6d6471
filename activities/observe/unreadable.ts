import { type Instance } from '../../workflows/decisions/cluster';
import { type UnreadableInstance, type UnreadableReason } from '../../workflows/decisions/facts';
import { type ErrorCode, RunbookError } from '../errors';
import { driverCodeOf } from '../mysql/driver-errors';

const REASONS: Partial<Record<ErrorCode, UnreadableReason>> = {
  HOST_UNREACHABLE: 'unreachable',
  HOST_TIMED_OUT: 'timed out',
  CONNECTION_LOST: 'lost',
  TOO_MANY_CONNECTIONS: 'too many connections',
  AUTHENTICATION_FAILED: 'auth failed',
  TLS_FAILED: 'tls failed',
  UNSUPPORTED_SERVER: 'unsupported',
};

/** Turn a failed look into a typed reason. Errors that are not the server's (a secret that cannot be read) are not its facts. */
export function unreadableBecause(instance: Instance, error: unknown): UnreadableInstance {
  if (!(error instanceof RunbookError) || NOT_ABOUT_THE_SERVER.has(error.code)) throw error;
  const { name, host, port } = instance;
  return { name, host, port, readable: false, reason: reasonFor(error), detail: error.message };
}

const NOT_ABOUT_THE_SERVER: ReadonlySet<ErrorCode> = new Set(['SECRET_UNAVAILABLE', 'INTERNAL']);

function reasonFor(error: RunbookError): UnreadableReason {
  if (driverCodeOf(error) === 'ECONNREFUSED') return 'refused';
  return REASONS[error.code] ?? 'failed';
}
