import { createConnection, type Connection, type SslOptions } from 'mysql2';

/** One logged-in connection to one server. Errors are the driver's; the pool translates them. */
export interface Line {
  query<Result>(sql: string, values: readonly unknown[], shape: 'objects' | 'arrays'): Promise<Result>;
  /** Forget everything the last user set (variables, locks, temporary tables, an open transaction). */
  reset(): Promise<void>;
  destroy(): void;
  readonly broken: boolean;
  /** Called once when the connection breaks while nobody waits on it. */
  onBroken(listener: () => void): void;
}

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly ssl?: SslOptions;
}

/**
 * What a session needs to mean the same thing on everybody's server. sql_mode: `NO_BACKSLASH_ESCAPES` would turn the driver's
 * escaping into an injection, `ANSI_QUOTES` our strings into names. time_zone: timestamps are read as UTC. autocommit: a fleet
 * that turns it off would leave our statements in an open transaction. max_execution_time: would cut our waits short. The collation goes
 * into the binary log with every transaction: an 8.0 that picked its own, utf8mb4_0900_ai_ci, stopped the applier of a 5.7 below it (error 22).
 */
const PIN =
  "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci, @@session.sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', @@session.time_zone = '+00:00', " +
  '@@session.autocommit = 1, @@session.max_execution_time = 0';

/**
 * Connect and log in within `deadlineMs`, which covers name lookup, TCP, TLS, greeting and authentication: a stopped mysqld
 * accepts TCP (the kernel does) and never greets. Logs in to mysql_native_password, and to caching_sha2_password with TLS or by
 * the server's public key. `pin` is said after every login: the admin interface of a proxy knows none of a server's session variables.
 * Source: MySQL manual, "Caching SHA-2 Pluggable Authentication", "RESET CONNECTION".
 */
export async function openLine(login: Login, deadlineMs: number, pin: string = PIN): Promise<Line> {
  return logIn(login, deadlineMs, async (connection) => {
    const line = keep(connection, pin);
    await line.query(pin, [], 'objects');
    return line;
  });
}

/** The same without a pin, and what `prepare` makes of the connection: for whoever speaks more than statements. */
export async function logIn<Result>(
  login: Login,
  deadlineMs: number,
  prepare: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = createConnection({
    ...login,
    connectTimeout: Math.max(1, deadlineMs),
    charset: 'utf8mb4_general_ci',
    supportBigNumbers: true,
    dateStrings: true,
    multipleStatements: false,
    enableKeepAlive: true,
    keepAliveInitialDelay: 5_000,
    // A hostile server could otherwise ask the driver for a file of ours.
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'mysql-runbooks' },
  });
  nameHost(connection, login.host);
  // The driver's own time-out ends with the login, and it may never settle a query of a connection that is destroyed.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      connection.destroy();
      reject(Object.assign(new Error(`no login within ${deadlineMs} ms`), { code: 'ETIMEDOUT' }));
    }, deadlineMs);
    loggedIn(connection)
      .then(() => prepare(connection))
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/**
 * The driver names the host to TLS only when it is a name: a certificate would be compared with "localhost" where the inventory has an
 * address. TLS takes the name that the socket was opened with.
 */
function nameHost(connection: Connection, host: string): void {
  Object.assign((connection as unknown as { stream: object }).stream, { _host: host });
}

function loggedIn(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.once('connect', () => resolve());
    // `on`, not `once`: a second error event without a listener would end the worker.
    connection.on('error', (error: Error) => {
      reject(error);
      connection.destroy();
    });
  });
}

function keep(connection: Connection, pin: string): Line {
  let broken = false;
  let listener: () => void = () => undefined;
  const breaks = () => {
    if (broken) return;
    broken = true;
    connection.destroy();
    listener();
  };
  connection.on('error', breaks);
  connection.on('end', breaks);
  return {
    query: (sql, values, shape) =>
      new Promise((resolve, reject) => {
        connection.query({ sql, values: [...values], rowsAsArray: shape === 'arrays' }, (error, rows) => {
          // A reply may have a deadline of its own, so an error here can be the last thing this connection says.
          if (error?.fatal === true) breaks();
          if (error) reject(error);
          else resolve(rows as never);
        });
      }),
    reset: async () => {
      await new Promise<void>((resolve, reject) => connection.reset((error) => (error ? reject(error) : resolve())));
      await new Promise<void>((resolve, reject) =>
        connection.query(pin, (error) => (error ? reject(error) : resolve())),
      );
    },
    destroy: () => {
      broken = true;
      connection.destroy();
    },
    get broken() {
      return broken;
    },
    onBroken: (heard) => (listener = heard),
  };
}
