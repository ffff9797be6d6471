import { setMaxListeners } from 'node:events';
import { type Lab } from '../lab';
import { passwordOf } from '../state';
import { doublePrimaries, lost, rowKey, writeGap } from './analysis';
import { type Acknowledgement, type FailedStatement, type RowKey, type Tenure, type WriteGap } from './analysis';
import { write, type WriterTarget } from './writer';

export * from './analysis';

export interface LoadOptions {
  /** Connections that write side by side. Default 4. */
  readonly writers?: number;
  /** Writes per second of all writers together. Default: as fast as answers come. */
  readonly perSecond?: number;
  /** Default 500. */
  readonly connectTimeoutMs?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Where to write: the first that takes writes. Default: the lab's router, or every server where there is none. */
  readonly ports?: readonly number[];
  /** One session, many servers: each row is read back to see who took it. Default false. */
  readonly multiplexed?: boolean;
}

/** Numbered rows written through the router until `stop`, with every acknowledgement kept. */
export interface Load {
  /** In the order they came; grows while the load runs. */
  readonly acknowledged: readonly Acknowledgement[];
  readonly failed: readonly FailedStatement[];
  /** Attempts to connect that were refused or timed out. */
  readonly refusedConnections: () => number;
  /** Resolves at the first acknowledgement that comes after `ms` of the performance clock (default: now), by `by` if given. */
  nextAcknowledgement(after?: number, by?: string): Promise<Acknowledgement>;
  /** Ends all writers; resolves when their last statements were answered or cut. */
  stop(): Promise<LoadResult>;
}

export interface LoadResult {
  readonly acknowledged: readonly Acknowledgement[];
  readonly failed: readonly FailedStatement[];
  readonly refusedConnections: number;
  /** Around a moment of the performance clock. */
  gap(faultAtMs: number): WriteGap;
  doublePrimaries(expected?: readonly string[]): Tenure[];
  /** Acknowledged rows that `server` does not have. */
  lostOn(server: string): Promise<Acknowledgement[]>;
}

/** How long a writer may hang in its last statement when the load is stopped (a stopped server never answers). */
const STOP_MS = 3000;

export function startLoad(lab: Lab, options: LoadOptions = {}): Load {
  const writers = options.writers ?? 4;
  const target: WriterTarget = {
    host: options.host ?? '127.0.0.1',
    ports: options.ports ?? (lab.router ? [lab.router.writePort] : lab.servers.map(({ port }) => port)),
    user: lab.accounts.app.user,
    password: passwordOf(lab.accounts.app),
    database: 'shop',
    connectTimeoutMs: options.connectTimeoutMs ?? 500,
    multiplexed: options.multiplexed ?? false,
  };
  const acknowledged: Acknowledgement[] = [];
  const failed: FailedStatement[] = [];
  const waiting = new Set<(write: Acknowledgement) => void>();
  let refused = 0;
  let stopping = false;
  const cut = new AbortController();
  // One listener a writer: no leak, however many there are.
  setMaxListeners(0, cut.signal);
  const firstSequence = Date.now() * 1000; // a second load on the same fleet uses other numbers
  const running = Promise.all(
    Array.from({ length: writers }, (_, writer) =>
      write(target, {
        writer,
        firstSequence,
        everyMs: options.perSecond === undefined ? 0 : (1000 * writers) / options.perSecond,
        stopping: () => stopping,
        cut: cut.signal,
        acknowledged: (each) => {
          acknowledged.push(each);
          for (const tell of waiting) tell(each);
        },
        failed: (each) => failed.push(each),
        refusedConnection: () => (refused += 1),
      }),
    ),
  );

  return {
    acknowledged,
    failed,
    refusedConnections: () => refused,
    nextAcknowledgement: (after = performance.now(), by) =>
      new Promise((resolve) => {
        const tell = (each: Acknowledgement) => {
          if (each.atMs <= after || (by !== undefined && each.by !== by)) return;
          waiting.delete(tell);
          resolve(each);
        };
        waiting.add(tell);
      }),
    stop: async () => {
      stopping = true;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise((resolve) => (timer = setTimeout(resolve, STOP_MS)));
      await Promise.race([running, patience]);
      clearTimeout(timer);
      cut.abort();
      return result(lab, [...acknowledged], [...failed], refused);
    },
  };
}

function result(
  lab: Lab,
  acknowledged: readonly Acknowledgement[],
  failed: readonly FailedStatement[],
  refusedConnections: number,
): LoadResult {
  return {
    acknowledged,
    failed,
    refusedConnections,
    gap: (faultAtMs) => writeGap(acknowledged, faultAtMs),
    doublePrimaries: (expected) => doublePrimaries(acknowledged, expected),
    lostOn: async (server) => lost(acknowledged, await rowsOn(lab, server)),
  };
}

/** Keys of every row of the load that `server` has. */
export async function rowsOn(lab: Lab, server: string): Promise<Set<RowKey>> {
  const found = await lab.rows(server, 'SELECT writer, sequence FROM shop.orders');
  return new Set(found.map((row) => rowKey({ writer: Number(row['writer']), sequence: Number(row['sequence']) })));
}
