import { type Deps, serverAsBackup, serverNamed } from '../../deps';
import { type Session } from '../../mysql/mysql';
import { untilStopped } from '../../mysql/sessions';
import { executedOn } from '../../replication/meet';
import { whileStill } from '../logical/hold';
import { lookInside, type Table } from '../logical/tables';
import { type Scratch } from '../scratch/scratch';
import { type Stoppable } from '../take';
import { type FollowOrder } from './follow';
import { fullName, named, quoted } from './tables';

/** What a member of the cluster holds at one GTID set. */
export interface Oracle {
  readonly gtids: string;
  readonly tables: readonly Table[];
  /** Without snapshots. */
  readonly leftOut: readonly string[];
  /** Read while clients go on. */
  readonly sums: Promise<ReadonlyMap<string, string>>;
}

const LOOK_WITHIN_MS = 30_000;
/** Whole tables are read. */
const READ_WITHIN_MS = 86_400_000;

/**
 * Nothing commits on the source for the moment in which a snapshot is opened, and `meanwhile` is done with its GTID set; then it goes on, and the sums of
 * its tables are read from that snapshot. Throws what `meanwhile` throws. Source: MySQL manual, "CHECKSUM TABLE Statement".
 */
export async function openOracle(
  deps: Deps & Stoppable,
  order: FollowOrder,
  meanwhile: (gtids: string) => Promise<void> = () => Promise.resolve(),
): Promise<Oracle> {
  const { cluster, source } = order;
  const copied = serverAsBackup(deps, cluster, source);
  return whileStill(deps, order, async () => {
    const gtids = await executedOn(serverNamed(deps, cluster, source));
    await meanwhile(gtids);
    const inside = await copied.session((session) => lookInside(session), { deadlineMs: LOOK_WITHIN_MS });
    const tables = inside.tables.filter(({ engine }) => engine === 'InnoDB');
    let ready: () => void = () => undefined;
    const isOpen = new Promise<void>((resolve) => (ready = resolve));
    const sums = copied.session(
      async (session) => {
        await session.run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        await session.run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
        ready();
        return untilStopped(copied, session, deps.stopped, () => sumsOf(session, tables, deps.stopped));
      },
      { deadlineMs: READ_WITHIN_MS },
    );
    // Whoever compares is told of it.
    sums.catch(() => undefined);
    await Promise.race([isOpen, sums]);
    const leftOut = inside.tables.filter(({ engine }) => engine !== 'InnoDB').map(fullName);
    return { gtids, tables, leftOut, sums };
  });
}

/** What differs on a scratch server that stands at the same GTID set; '' = nothing. */
export async function compareWithOracle({ tables, leftOut, sums }: Oracle, { mysql }: Scratch): Promise<string> {
  const [its, ours, inside] = await Promise.all([
    sums,
    mysql.session((session) => sumsOf(session, tables), { deadlineMs: READ_WITHIN_MS }),
    mysql.session((session) => lookInside(session), { deadlineMs: LOOK_WITHIN_MS }),
  ]);
  const more = inside.tables.map(fullName).filter((name) => !its.has(name) && !leftOut.includes(name));
  const faults = [...its].filter(([name, sum]) => ours.get(name) !== sum).map(([name]) => `${name} differs`);
  return named([...faults, ...more.map((name) => `${name} is on the scratch server alone`)]);
}

async function sumsOf(
  session: Session,
  tables: readonly { readonly schema: string; readonly name: string }[],
  stopped?: AbortSignal,
): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  for (const table of tables) {
    stopped?.throwIfAborted();
    const [row] = await session.rows<{ Checksum: number | string | null }>(`CHECKSUM TABLE ${quoted(table)}`);
    sums.set(fullName(table), String(row?.Checksum ?? 'none'));
  }
  return sums;
}
