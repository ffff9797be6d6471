import { createConnection, type Connection } from 'mysql2/promise';

export interface Door {
  readonly socketPath: string;
  readonly user: string;
  readonly password: string;
}

export type Value = string | number | bigint | null;

/** A connection for the lab's own work: the fault kit's root through the server's unix socket, which no link rule touches. */
export async function open(door: Door, timeoutMs = 5000): Promise<Connection> {
  return createConnection({
    ...door,
    connectTimeout: timeoutMs,
    multipleStatements: false,
    supportBigNumbers: true,
    dateStrings: true,
  });
}

/** Opens, works, closes. A hung server fails the call after `deadlineMs` instead of holding it for ever. */
export async function withConnection<Result>(
  door: Door,
  work: (connection: Connection) => Promise<Result>,
  deadlineMs = 15_000,
): Promise<Result> {
  const connection = await open(door, deadlineMs);
  const timer = setTimeout(() => connection.destroy(), deadlineMs);
  try {
    return await work(connection);
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}

export async function runAll(door: Door, statements: readonly string[], deadlineMs?: number): Promise<void> {
  await withConnection(
    door,
    async (connection) => {
      for (const statement of statements) await connection.query(statement);
    },
    deadlineMs,
  );
}

export async function rows(door: Door, sql: string, values: readonly Value[] = []): Promise<Record<string, Value>[]> {
  return withConnection(door, async (connection) => {
    const [result] = await connection.query(sql, [...values]);
    return result as Record<string, Value>[];
  });
}

/** First column of the first row; undefined when there is none. */
export async function value(door: Door, sql: string, values: readonly Value[] = []): Promise<Value | undefined> {
  const [first] = await rows(door, sql, values);
  return first === undefined ? undefined : Object.values(first)[0];
}
