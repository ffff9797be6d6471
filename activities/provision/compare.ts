import { type Deps, serverAsBackup, serverNamed } from '../deps';
import { RunbookError } from '../errors';
import { type Session } from '../mysql/mysql';
import { tellProgress } from '../progress';
import { awaitExecuted, bringTo, executedOn, stalled } from '../replication/meet';
import { startApplier } from '../replication/receivers';
import { wordsOf } from '../replication/statements';
import { type Recipient } from './recipient';
import { checksum, type Sampled, type Table, tablesToSample } from './sample';

export interface CompareOrder extends Recipient {
  /** A replica; it is read from one snapshot and never stopped. */
  readonly donor: string;
  /** Another run looks at other tables. */
  readonly seed: string;
}

export interface Compared {
  readonly tables: number;
  readonly rows: number;
  /** GTID set that both stood at. */
  readonly gtids: string;
}

const MOST_TABLES = 8;
const CATCHES_UP_SECONDS = 120;
const TABLE_MS = 60_000;
const TOGETHER_MS = 15 * 60_000;
/**
 * A commit becomes visible a moment before its GTID shows up in gtid_executed, so a snapshot may hold one transaction more than it says.
 * What really differs differs every time.
 */
const TIMES = 3;

/**
 * Some tables, row by row, on the new replica and its donor at the same GTID set. The donor serves on: it is read from a consistent snapshot
 * whose GTID set is known because it was the same before and after. The new replica, which nobody reads yet, is brought to exactly that set
 * (START REPLICA … UNTIL SQL_AFTER_GTIDS) and goes on afterwards. Repeats safely; its applier is started again whatever happens.
 * Throws DATA_DIFFERS (the new replica must not be used), RELAY_LOG_STALLED.
 * Source: MySQL manual, "START REPLICA Statement", "Consistent Nonlocking Reads".
 */
export async function compareSample(deps: Deps, order: CompareOrder): Promise<Compared> {
  const { cluster, instance, donor, seed } = order;
  const to = serverNamed(deps, cluster, instance);
  const words = await wordsOf(to);
  deps.checkpoint('compare:begin');
  let tables = await tablesToSample(serverAsBackup(deps, cluster, donor), seed, MOST_TABLES);
  const equal: Sampled[] = [];
  try {
    for (let time = 1; ; time += 1) {
      await to.run(words.stopApplier, [], { deadlineMs: 60_000 });
      deps.checkpoint('compare:stopped');
      const { pairs, gtids } = await bothAt(deps, order, tables);
      const differing = pairs.filter(({ there, here }) => there.rows !== here.rows || there.checksum !== here.checksum);
      equal.push(...pairs.filter((pair) => !differing.includes(pair)).map(({ here }) => here));
      if (differing.length === 0)
        return { tables: equal.length, rows: equal.reduce((sum, { rows }) => sum + rows, 0), gtids };
      if (time >= TIMES) throw differs(order, differing, gtids);
      tables = differing.map(({ table }) => table);
    }
  } finally {
    await startApplier(to);
  }
}

interface Pair {
  readonly table: Table;
  readonly there: Sampled;
  readonly here: Sampled;
}

async function bothAt(
  deps: Deps,
  { cluster, instance, donor }: CompareOrder,
  tables: readonly Table[],
): Promise<{ pairs: Pair[]; gtids: string }> {
  const from = serverNamed(deps, cluster, donor);
  const to = serverNamed(deps, cluster, instance);
  await awaitExecuted(from, await executedOn(to), CATCHES_UP_SECONDS);
  const reading = serverAsBackup(deps, cluster, donor);
  return reading.session(
    async (session) => {
      const gtids = await snapshotAt(session);
      await bringTo(to, gtids, CATCHES_UP_SECONDS);
      deps.checkpoint('compare:together');
      const pairs = await serverAsBackup(deps, cluster, instance).session(
        async (here) => {
          const found: Pair[] = [];
          for (const table of tables) {
            const [one, other] = await Promise.all([
              checksum(session, table, TABLE_MS),
              checksum(here, table, TABLE_MS),
            ]);
            found.push({ table, there: one, here: other });
            const done = {
              done: found.length,
              total: tables.length,
              unit: 'tables',
              rate: 0,
              etaSeconds: null,
            } as const;
            tellProgress(deps, { stage: `compare with ${donor}`, ...done });
          }
          return found;
        },
        { deadlineMs: TOGETHER_MS },
      );
      return { pairs, gtids };
    },
    { deadlineMs: TOGETHER_MS + CATCHES_UP_SECONDS * 1_000 },
  );
}

const SNAPSHOTS = 200;

async function snapshotAt(session: Session): Promise<string> {
  await session.run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  for (let time = 0; time < SNAPSHOTS; time += 1) {
    const before = await executedOn(session);
    await session.run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    if ((await executedOn(session)) === before) return before;
    await session.run('ROLLBACK');
  }
  throw stalled('the donor commits so quickly that no snapshot of it has a known GTID set');
}

const differs = ({ instance, donor }: CompareOrder, pairs: readonly Pair[], gtids: string): RunbookError =>
  new RunbookError({
    code: 'DATA_DIFFERS',
    message: `${instance} differs from ${donor} at ${gtids} in ${pairs.map(({ there, here }) => `${there.table} (${there.rows} rows there, ${here.rows} here)`).join(', ')}`,
    hint: `Let nobody read ${instance}. Look whether ${donor} or ${instance} has what the primary has, then fill the other one anew.`,
  });
