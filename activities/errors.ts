import { ApplicationFailure } from '@temporalio/common';

/**
 * The error catalogue. A code says what kind (stable, documented in docs/errors.md), the message says which host and
 * which set, the hint says what to do now. Four families decide what happens next:
 * `not yet` is retried, `not safe` asks a human, `not possible` stops the run, `our bug` stops it and says so.
 */
export type ErrorFamily = 'not yet' | 'not safe' | 'not possible' | 'our bug';

const CATALOGUE = {
  HOST_UNREACHABLE: 'not yet',
  HOST_TIMED_OUT: 'not yet',
  TOO_MANY_CONNECTIONS: 'not yet',
  CONNECTION_LOST: 'not yet',
  AUTHENTICATION_FAILED: 'not possible',
  TLS_FAILED: 'not possible',
  UNSUPPORTED_SERVER: 'not possible',
  MISSING_PRIVILEGE: 'not possible',
  STATEMENT_FAILED: 'not possible',
  WRONG_SERVER: 'not safe',
  RELAY_LOG_STALLED: 'not safe',
  APPLIER_STOPPED: 'not safe',
  TARGET_PASSED: 'not possible',
  RECEIVER_STOPPED: 'not safe',
  SOURCE_PURGED_NEEDED_GTIDS: 'not possible',
  COPY_FAILED: 'not safe',
  COPY_UNUSABLE: 'not possible',
  DATA_DIFFERS: 'not safe',
  REPLAY_CONFLICT: 'not safe',
  REPLAY_NOT_POSSIBLE: 'not possible',
  PRIMARY_LOST: 'not possible',
  CANDIDATE_LOST: 'not possible',
  CANDIDATE_INCOMPLETE: 'not safe',
  WRITABLE_RIVAL: 'not safe',
  FENCE_NOT_PROVEN: 'not safe',
  FREEZE_FAILED: 'not safe',
  WRITE_GAP_EXCEEDED: 'not safe',
  LOCK_WAIT_EXCEEDED: 'not yet',
  ROUTER_UNREACHABLE: 'not yet',
  ROUTER_DISAGREES: 'not yet',
  ROUTER_MISCONFIGURED: 'not possible',
  PROOF_FAILED: 'not yet',
  SECRET_UNAVAILABLE: 'not possible',
  DECRYPTION_FAILED: 'not possible',
  INVENTORY_INVALID: 'not possible',
  UNKNOWN_CLUSTER: 'not possible',
  INVALID_INPUT: 'not possible',
  CHANGE_IN_PROGRESS: 'not safe',
  NOT_AUTHENTICATED: 'not possible',
  NOT_ALLOWED: 'not possible',
  TOO_MANY_REQUESTS: 'not yet',
  STORE_UNREACHABLE: 'not yet',
  STORE_FULL: 'not possible',
  STORE_REFUSED: 'not possible',
  STORE_OBJECT_MISSING: 'not possible',
  BACKUP_DAMAGED: 'not possible',
  ARCHIVE_GAP: 'not possible',
  BACKUP_UNKNOWN: 'not possible',
  LOAD_FAILED: 'not possible',
  TOOL_MISSING: 'not possible',
  TOOL_FAILED: 'not yet',
  INTERNAL: 'our bug',
} as const satisfies Record<string, ErrorFamily>;

export type ErrorCode = keyof typeof CATALOGUE;

export const errorCodes = Object.keys(CATALOGUE) as ErrorCode[];
export const familyOf = (code: ErrorCode): ErrorFamily => CATALOGUE[code];

export interface RunbookErrorWords {
  readonly code: ErrorCode;
  /** Which host, which set, what the server said. One sentence without a full stop. Never a secret. */
  readonly message: string;
  /** What to do now. One sentence with a full stop. */
  readonly hint: string;
  readonly cause?: unknown;
}

export class RunbookError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;

  constructor({ code, message, hint, cause }: RunbookErrorWords) {
    super(message, { cause });
    this.name = 'RunbookError';
    this.code = code;
    this.hint = hint;
  }

  get family(): ErrorFamily {
    return CATALOGUE[this.code];
  }
}

/** Translate to Temporal, once, at the edge of every activity. Stacks and causes stay out of history: they may quote SQL. */
export function toFailure(error: RunbookError): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: `${error.message}. ${error.hint}`,
    nonRetryable: error.family !== 'not yet',
    details: [{ family: error.family, hint: error.hint }],
  });
}
