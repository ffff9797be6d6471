import { setTimeout as pause } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import { type Acknowledgement, type FailedStatement } from './analysis';

export interface WriterTarget {
  readonly host: string;
  /** Asked in turn, as a driver does that was given several hosts; a server that says that it is read-only is passed over. */
  readonly ports: readonly number[];
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly connectTimeoutMs: number;
  /** A session may be served by another server with each statement (ProxySQL). */
  readonly multiplexed: boolean;
}

export interface WriterOrders {
  readonly writer: number;
  readonly firstSequence: number;
  /** Milliseconds between two writes; 0 = as fast as answers come. */
  readonly everyMs: number;
  readonly stopping: () => boolean;
  /** Whoever still waits for an answer then waits no longer. Left out: a server that never answers is waited for. */
  readonly cut?: AbortSignal;
  readonly acknowledged: (write: Acknowledgement) => void;
  readonly failed: (statement: FailedStatement) => void;
  readonly refusedConnection: () => void;
}

const INSERT = 'INSERT INTO orders (writer, sequence, server_uuid) VALUES (?, ?, @@server_uuid)';

/** Rest between two tries to connect: short beside the gap that is measured, long enough that waiting clients leave the fleet its processors. */
const RECONNECT_MS = 10;

const ROW_SEEN_WITHIN_MS = 5_000;

/** Errors after which the row is certainly not there; after any other the answer was lost on the way. */
const REFUSALS = new Set([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_LOCK_DEADLOCK',
  'ER_SERVER_OFFLINE_MODE',
]);

/**
 * One client: inserts the next number and repeats the same number until a server has acknowledged it, on a new connection
 * after every error, as a careful application does.
 */
export async function write(target: WriterTarget, orders: WriterOrders): Promise<void> {
  let sequence = orders.firstSequence;
  let dueAt = performance.now();
  while (!orders.stopping()) {
    const session = await connectToAny(target);
    if (!session) {
      orders.refusedConnection();
      await pause(RECONNECT_MS);
      continue;
    }
    const { connection } = session;
    const cut = () => connection.destroy();
    orders.cut?.addEventListener('abort', cut);
    try {
      while (!orders.stopping()) {
        await until(dueAt);
        if (!(await insert(session, orders, sequence))) break;
        sequence += 1;
        dueAt = Math.max(dueAt + orders.everyMs, performance.now() - 1000); // a long gap is not made up for by a flood
      }
    } finally {
      orders.cut?.removeEventListener('abort', cut);
      connection.destroy();
    }
  }
}

interface ServingSession {
  readonly connection: Connection;
  readonly uuid: string;
  readonly writable: boolean;
  readonly multiplexed: boolean;
}

async function connectToAny(target: WriterTarget): Promise<ServingSession | undefined> {
  for (const port of target.ports) {
    const session = await connect(target, port).catch(() => undefined);
    if (!session) continue;
    if (target.ports.length === 1 || session.writable) return session;
    session.connection.destroy();
  }
  return undefined;
}

/** A connection through a TCP router stays on one server, so its uuid is asked for once; behind a multiplexer each row tells who took it. */
async function connect(target: WriterTarget, port: number): Promise<ServingSession> {
  const { connectTimeoutMs, host, user, password, database, multiplexed } = target;
  const opening = createConnection({ host, port, user, password, database, connectTimeout: connectTimeoutMs });
  const connection = await opening;
  connection.on('error', () => undefined); // every failure is seen by the statement that it hits
  let timer: NodeJS.Timeout | undefined;
  // A router may hold the question, and the driver never settles what a destroyed connection was asked.
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), connectTimeoutMs);
  });
  try {
    const asked = connection.query('SELECT @@server_uuid AS uuid, NOT @@read_only AS writable');
    const [rows] = await Promise.race([asked, late]);
    const [server] = rows as { uuid: string; writable: number }[];
    return { connection, uuid: server?.uuid ?? '', writable: server?.writable === 1, multiplexed };
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** True when the number is acknowledged; false when it must be tried again on another connection. */
async function insert(session: ServingSession, orders: WriterOrders, sequence: number): Promise<boolean> {
  const { writer } = orders;
  const { connection, uuid } = session;
  try {
    const how = await connection.execute(INSERT, [writer, sequence]).then(() => 'inserted' as const, found);
    const atMs = performance.now();
    orders.acknowledged({ writer, sequence, atMs, by: await takenBy(session, writer, sequence), how });
    return true;
  } catch (error) {
    const code = codeOf(error);
    const atMs = performance.now();
    orders.failed({ writer, sequence, atMs, by: uuid, code, outcome: REFUSALS.has(code) ? 'refused' : 'unknown' });
    return false;
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown';

/** The row is there already: an earlier try was committed. */
function found(error: unknown): 'found' {
  if (codeOf(error) === 'ER_DUP_ENTRY') return 'found';
  throw error;
}

/** Behind a multiplexer the question may be answered by a server that does not have the row yet; '' = nobody has it. */
async function takenBy({ connection, uuid, multiplexed }: ServingSession, writer: number, sequence: number) {
  if (!multiplexed) return uuid;
  for (const until = performance.now() + ROW_SEEN_WITHIN_MS; ;) {
    const [rows] = await connection.execute(
      'SELECT server_uuid AS uuid FROM orders WHERE writer = ? AND sequence = ?',
      [writer, sequence],
    );
    const [row] = rows as { uuid: string }[];
    if (row || performance.now() > until) return row?.uuid ?? '';
    await pause(RECONNECT_MS);
  }
}

async function until(moment: number): Promise<void> {
  const wait = moment - performance.now();
  if (wait > 1) await pause(wait);
}
