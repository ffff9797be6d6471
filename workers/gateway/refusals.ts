import { type ErrorCode, RunbookError } from '../../activities/errors';

/** An answer other than 2xx. Below 500 the sender's retry is pointless, from 500 on it is right. */
export class Refusal extends Error {
  readonly status: number;
  readonly error: RunbookError;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, error: RunbookError, retryAfterSeconds?: number) {
    super(error.message, { cause: error });
    this.name = 'Refusal';
    this.status = status;
    this.error = error;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const refusal = (status: number, code: ErrorCode, retryAfterSeconds?: number) => (message: string, hint: string) =>
  new Refusal(status, new RunbookError({ code, message, hint }), retryAfterSeconds);

export const malformed = refusal(400, 'INVALID_INPUT');
export const notAuthenticated = refusal(401, 'NOT_AUTHENTICATED');
export const notAllowed = refusal(403, 'NOT_ALLOWED');
export const notFound = refusal(404, 'INVALID_INPUT');
export const noSuchCluster = refusal(422, 'UNKNOWN_CLUSTER');
export const voteRefused = refusal(409, 'CHANGE_IN_PROGRESS');
export const tooLarge = refusal(413, 'INVALID_INPUT');
export const notJson = refusal(415, 'INVALID_INPUT');
export const tooMany = (retryAfterSeconds: number) => refusal(429, 'TOO_MANY_REQUESTS', retryAfterSeconds);
export const locked = refusal(503, 'CHANGE_IN_PROGRESS', 10);
export const unavailable = refusal(503, 'HOST_UNREACHABLE', 5);

/** What a caller reads: one sentence, one cure, never a stack or a secret. */
export const bodyOf = ({ error }: Refusal): object => ({
  error: { code: error.code, message: error.message, hint: error.hint },
});
