import { RunbookError } from '../activities/errors';

/** Something listens there, and no conversation with Temporal came about. */
export function notLetIn(address: string, cause: unknown): RunbookError {
  const words = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new RunbookError({
    code: 'HOST_UNREACHABLE',
    message: `something listens at ${address}, and Temporal does not let us in: ${(words ?? '').replace(/\.$/, '')}`,
    hint:
      'Where it asks for TLS or a key: TEMPORAL_TLS=true, TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH with ' +
      'TEMPORAL_TLS_CLIENT_KEY_PATH, TEMPORAL_API_KEY; see docs/security.md. Otherwise look whether it is well.',
    cause,
  });
}
