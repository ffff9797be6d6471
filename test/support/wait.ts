import { setTimeout as pause } from 'node:timers/promises';
import { type Lab } from '../../lab';

/**
 * Looks every 20 ms until `look` gives something other than undefined, null or false, and returns it. Fails with `what`
 * and the last thing that `look` threw. A test waits for a state, never for a time.
 */
export async function eventually<Seen>(
  what: string,
  look: () => Promise<Seen | undefined | null | false> | Seen | undefined | null | false,
  withinMs = 15_000,
): Promise<Seen> {
  const until = performance.now() + withinMs;
  let problem: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== null && seen !== false) return seen;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > until) {
      const last = problem instanceof Error ? `; at last: ${problem.message}` : '';
      throw new Error(`not within ${withinMs} ms: ${what}${last}`, { cause: problem });
    }
    await pause(20);
  }
}

/** Until `server` has executed everything that `source` has executed now. */
export async function caughtUp(lab: Lab, server: string, source: string, withinMs = 15_000): Promise<void> {
  const wanted = String(await lab.value(source, 'SELECT @@global.gtid_executed'));
  await eventually(
    `${server} has executed what ${source} had`,
    async () => (await lab.value(server, 'SELECT GTID_SUBSET(?, @@global.gtid_executed)', [wanted])) === 1,
    withinMs,
  );
}

export interface ReplicaState {
  readonly receiver: string;
  readonly applier: string;
  readonly source: string;
  readonly receiverError: string;
}

/** SHOW REPLICA STATUS in short; undefined when the server follows nobody. `source` is the lab's name for it. */
export async function replicaState(lab: Lab, server: string): Promise<ReplicaState | undefined> {
  const [row] = await lab.rows(server, 'SHOW REPLICA STATUS');
  if (!row) return undefined;
  const port = Number(row['Source_Port']);
  const byPort = lab.servers.find((known) => known.port === port);
  // Where an entrance gives the servers other addresses.
  const byUuid = lab.servers.find(({ uuid }) => uuid === row['Source_UUID']);
  return {
    receiver: String(row['Replica_IO_Running']),
    applier: String(row['Replica_SQL_Running']),
    source: (byPort ?? byUuid)?.name ?? `port ${port}`,
    receiverError: String(row['Last_IO_Error']),
  };
}
