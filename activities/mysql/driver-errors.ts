import { type ErrorCode, RunbookError } from '../errors';

/**
 * The one place where the driver's and the server's errors get our names.
 * The statement's text is never copied: it may hold a password. The driver's own error object carries it, so that object does
 * not become the cause either; the cause is a `DriverWords`.
 * Source: MySQL manual, "Server Error Message Reference"; mysql2's connection code for the words in capitals.
 */
export interface DriverWords {
  /** The server's error number; 0 when the error is the operating system's or the driver's. */
  readonly errno: number;
  /** `ER_…`, `ECONNREFUSED` and the like. */
  readonly code: string;
}

export interface ServerAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const BY_ERRNO: Readonly<Record<number, ErrorCode>> = {
  1040: 'TOO_MANY_CONNECTIONS', // max_connections
  1203: 'TOO_MANY_CONNECTIONS', // max_user_connections
  1226: 'TOO_MANY_CONNECTIONS', // a limit of the account
  1045: 'AUTHENTICATION_FAILED',
  1129: 'AUTHENTICATION_FAILED', // our host is blocked after connection errors
  1130: 'AUTHENTICATION_FAILED', // no account for our host
  1251: 'AUTHENTICATION_FAILED', // authentication protocol not supported
  1524: 'AUTHENTICATION_FAILED', // the account's authentication plugin is not loaded
  1698: 'AUTHENTICATION_FAILED', // socket-only account
  1820: 'AUTHENTICATION_FAILED', // the password must be changed first
  1862: 'AUTHENTICATION_FAILED', // password expired
  3032: 'AUTHENTICATION_FAILED', // offline_mode lets only CONNECTION_ADMIN in
  3118: 'AUTHENTICATION_FAILED', // account locked
  3955: 'AUTHENTICATION_FAILED', // account blocked by failed logins
  3159: 'TLS_FAILED', // require_secure_transport
  // We never name a schema at login, so 1044 is always a statement's missing privilege.
  1044: 'MISSING_PRIVILEGE',
  1095: 'MISSING_PRIVILEGE', // KILL of another's session
  1142: 'MISSING_PRIVILEGE',
  1143: 'MISSING_PRIVILEGE',
  1227: 'MISSING_PRIVILEGE',
  1370: 'MISSING_PRIVILEGE',
  1205: 'LOCK_WAIT_EXCEEDED',
  1213: 'LOCK_WAIT_EXCEEDED', // deadlock: the same cure, again
  3572: 'LOCK_WAIT_EXCEEDED', // NOWAIT
  1053: 'CONNECTION_LOST', // server shutdown in progress
  1077: 'CONNECTION_LOST', // normal shutdown
  1079: 'CONNECTION_LOST',
  1158: 'CONNECTION_LOST',
  1159: 'CONNECTION_LOST',
  1160: 'CONNECTION_LOST',
  1161: 'CONNECTION_LOST',
  1927: 'CONNECTION_LOST', // killed
  2006: 'CONNECTION_LOST',
  2013: 'CONNECTION_LOST',
  3169: 'CONNECTION_LOST', // session was killed
  4031: 'CONNECTION_LOST', // wait_timeout
};

const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'HOST_UNREACHABLE',
  EHOSTUNREACH: 'HOST_UNREACHABLE',
  EHOSTDOWN: 'HOST_UNREACHABLE',
  ENETUNREACH: 'HOST_UNREACHABLE',
  ENETDOWN: 'HOST_UNREACHABLE',
  EADDRNOTAVAIL: 'HOST_UNREACHABLE',
  ENOTFOUND: 'HOST_UNREACHABLE',
  EAI_AGAIN: 'HOST_UNREACHABLE',
  ETIMEDOUT: 'HOST_TIMED_OUT',
  ECONNRESET: 'CONNECTION_LOST',
  ECONNABORTED: 'CONNECTION_LOST',
  EPIPE: 'CONNECTION_LOST',
  PROTOCOL_CONNECTION_LOST: 'CONNECTION_LOST',
  HANDSHAKE_NO_SSL_SUPPORT: 'TLS_FAILED',
  HANDSHAKE_SSL_ERROR: 'TLS_FAILED',
  AUTH_SWITCH_PLUGIN_ERROR: 'AUTHENTICATION_FAILED',
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: 'AUTHENTICATION_FAILED',
};

/** Node's names for a certificate that it does not accept, and for a broken TLS conversation. */
const SPEAKS_OF_TLS =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/;

const HINTS: Partial<Record<ErrorCode, string>> = {
  HOST_UNREACHABLE: 'Check that mysqld runs there and that this worker has a route to it.',
  HOST_TIMED_OUT: 'It is hung, cut off or overloaded: look at the host and at what its replicas still receive from it.',
  TOO_MANY_CONNECTIONS:
    'End idle sessions or raise max_connections; declare adminPort so that the runbooks keep a way in.',
  AUTHENTICATION_FAILED: 'Correct the account or its password in the inventory, or unlock the account on the server.',
  TLS_FAILED: 'Make the tls block of the inventory match what the server offers (require_secure_transport, ca).',
  CONNECTION_LOST: 'Try again; if it repeats, look at the server log for a crash or a KILL.',
  MISSING_PRIVILEGE: 'Run `runbook doctor` for the GRANT statement that the account lacks.',
  LOCK_WAIT_EXCEEDED: 'Another session holds the lock: list open transactions, then wait or end the one that blocks.',
  STATEMENT_FAILED: 'Look up the error number in the MySQL manual; the server is otherwise answering.',
};

/** A syntax error quotes the statement. Everything else that a server says about our statements is free of their literals. */
const QUOTES_THE_STATEMENT = new Set([1064, 1149]);

interface DriverError {
  readonly errno?: number;
  readonly code?: string;
  readonly fatal?: boolean;
  readonly message?: string;
  readonly sqlMessage?: string;
}

export function fromDriver(error: unknown, at: ServerAddress): RunbookError {
  if (error instanceof RunbookError) return error;
  const { errno, code, words } = whatItSays(error);
  return wordsToError(codeFor(errno, code), words, { errno, code }, at);
}

/** Our own deadline passed: the driver has nothing to say. */
export const timedOut = (at: ServerAddress, doing: string, deadlineMs: number): RunbookError =>
  wordsToError('HOST_TIMED_OUT', `${doing} took more than ${deadlineMs} ms`, { errno: 0, code: 'ETIMEDOUT' }, at);

function wordsToError(code: ErrorCode, words: string, cause: DriverWords, at: ServerAddress): RunbookError {
  const hint = HINTS[code] ?? 'Look at the server log.';
  return new RunbookError({ code, message: `${at.name} (${at.host}:${at.port}): ${words}`, hint, cause });
}

function whatItSays(error: unknown): DriverWords & { words: string } {
  const { errno, code, fatal, message, sqlMessage } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as DriverError;
  // Node's system errors have a negative errno of the operating system; only the server's are positive.
  const number = typeof errno === 'number' && errno > 0 ? errno : 0;
  // The driver gives no code to what it refuses on a connection that has ended.
  const name = code ?? (fatal === true ? 'PROTOCOL_CONNECTION_LOST' : 'UNKNOWN');
  if (QUOTES_THE_STATEMENT.has(number))
    return { errno: number, code: name, words: `syntax error (${number}), text withheld` };
  const said = (sqlMessage ?? message ?? 'no words').replace(/\.$/, '');
  return { errno: number, code: name, words: number > 0 ? `${said} (${number})` : said };
}

function codeFor(errno: number, code: string): ErrorCode {
  const known = BY_ERRNO[errno] ?? BY_CODE[code];
  if (known) return known;
  return SPEAKS_OF_TLS.test(code) ? 'TLS_FAILED' : 'STATEMENT_FAILED';
}

/** The server's error number behind an error of this layer, or behind its cause; 0 when there is none. */
export const errnoOf = (error: unknown): number => wordsBehind(error)?.errno ?? 0;

/** The driver's or the system's code (`ECONNREFUSED`, `ER_…`) behind an error of this layer, or behind its cause. */
export const driverCodeOf = (error: unknown): string | undefined => wordsBehind(error)?.code;

function wordsBehind(error: unknown): DriverWords | undefined {
  const words = error instanceof RunbookError ? error.cause : error;
  const said = typeof words === 'object' && words !== null && 'errno' in words && 'code' in words;
  return said ? (words as DriverWords) : undefined;
}
