import { type Cluster, type Instance } from '../../workflows/decisions/cluster';

/** One server, reached by kept connections. Every call has a deadline: a hung server never hangs us. */
export interface Mysql {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /**
   * Rows of one statement. `?` placeholders are escaped by the driver (SHOW, SET and CHANGE cannot be prepared).
   * Throws RunbookError: HOST_UNREACHABLE, HOST_TIMED_OUT, CONNECTION_LOST, TOO_MANY_CONNECTIONS, AUTHENTICATION_FAILED,
   * TLS_FAILED, MISSING_PRIVILEGE, LOCK_WAIT_EXCEEDED, STATEMENT_FAILED (its cause has `errno`). The statement's text is never
   * part of the error: it may hold a password.
   */
  rows<Row extends object>(sql: string, values?: readonly unknown[], options?: CallOptions): Promise<Row[]>;
  /** First column of the first row, undefined when there is no row. */
  value(sql: string, values?: readonly unknown[], options?: CallOptions): Promise<Value>;
  /** A statement whose result does not matter. */
  run(sql: string, values?: readonly unknown[], options?: CallOptions): Promise<void>;
  /** Several statements in turn on one connection (session variables, transactions). */
  session<Result>(work: (session: Session) => Promise<Result>, options?: CallOptions): Promise<Result>;
  /** How many so far. A server does not restart without one: what was learnt of it before may be true no more. */
  lostConnections(): number;
}

/** What one column can hold as this product reads it: no dates (they come as text), no blobs. */
export type Value = string | number | null | undefined;

export type Session = Pick<Mysql, 'rows' | 'value' | 'run'>;

export interface CallOptions {
  /** From asking for a connection to the last row. Default 2000. Past it the connection is destroyed and HOST_TIMED_OUT is thrown. */
  readonly deadlineMs?: number;
}

/** Hands out servers; keeps a small pool for each, for the life of the worker. */
export interface Servers {
  of(cluster: Cluster, instance: Instance): Mysql;
  close(): Promise<void>;
}
