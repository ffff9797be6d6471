import { type Acknowledgement } from '../../lab/load';
import { write } from '../../lab/load/writer';
import { rows, value, type Door } from '../../lab/sql';
import { eventually } from './wait';

/** Two careful clients that write into `shop.orders` through HAProxy, and all that was acknowledged to them. */
export interface CarefulClients {
  readonly acknowledged: readonly Acknowledgement[];
  /** Resolves when this server has acknowledged a row from now on. */
  acknowledgedBy(server: Door): Promise<void>;
  /** Rows acknowledged so far that this server has not. */
  missingOn(server: Door): Promise<Acknowledgement[]>;
  stop(): Promise<void>;
}

export function startClients(
  port: number,
  login: { readonly user: string; readonly password: string; readonly database: string },
): CarefulClients {
  const acknowledged: Acknowledgement[] = [];
  const state = { over: false };
  const target = { host: '127.0.0.1', ports: [port], ...login, connectTimeoutMs: 2_000, multiplexed: false };
  const running = [0, 1].map((writer) =>
    write(target, {
      ...{ writer, firstSequence: 1, everyMs: 20, stopping: () => state.over, refusedConnection: () => undefined },
      acknowledged: (one) => void acknowledged.push(one),
      failed: () => undefined,
    }),
  );
  return {
    acknowledged,
    async acknowledgedBy(server) {
      const uuid = await value(server, 'SELECT @@server_uuid');
      const from = acknowledged.length;
      const has = () => acknowledged.slice(from).some(({ by }) => by === uuid);
      await eventually(`the server ${String(uuid)} acknowledges`, has, 60_000);
    },
    async missingOn(server) {
      const seen = [...acknowledged];
      const kept = await rows(server, 'SELECT writer, sequence FROM shop.orders');
      const there = new Set(kept.map(({ writer, sequence }) => `${String(writer)}/${String(sequence)}`));
      return seen.filter(({ writer, sequence }) => !there.has(`${writer}/${sequence}`));
    },
    async stop() {
      state.over = true;
      await Promise.all(running);
    },
  };
}
