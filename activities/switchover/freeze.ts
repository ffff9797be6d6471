import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../errors';
import { type Mysql } from '../mysql/mysql';
import { closeBounded, killSessions } from '../mysql/sessions';
import { executedOn } from '../replication/meet';
import { isHeldBy, type Right } from '../replication/open-writes';

/**
 * Take writes from a primary that is well, within `withinMs`: super_read_only, then proof that nothing moves. Returns its gtid_executed,
 * as soon as it is read, and the proof, which takes a second reading: what waits for the first need not wait for the second.
 * It waits behind LOCK TABLES and behind a commit that waits for an acknowledgement, so it is bounded by `lock_wait_timeout` (whole
 * seconds) and by our own deadline. An XA transaction that is prepared can commit in spite of it: then it is no freeze.
 * Only whoever has the right to open it again may freeze it, so that an attempt that was given up and wakes up later freezes nothing.
 * When it throws, no statement of it is left that could still freeze the server later.
 * Throws FREEZE_FAILED, HOST_TIMED_OUT, LOCK_WAIT_EXCEEDED; the caller takes it back.
 * Source: MySQL manual, "super_read_only", "XA Transaction States".
 */
export async function freeze(primary: Mysql, right: Right, withinMs: number): Promise<Frozen> {
  const begun: { session: number | null } = { session: null };
  try {
    await primary.session(
      async (session) => {
        begun.session = Number(await session.value('SELECT CONNECTION_ID()'));
        for (const statement of closeBounded(isHeldBy(right))) await session.run(statement);
      },
      { deadlineMs: Math.max(1, Math.round(withinMs)) },
    );
  } catch (error) {
    if (begun.session !== null) await endSession(primary, begun.session);
    throw error;
  }
  const [first, prepared, closed] = await Promise.all([
    executedOn(primary),
    primary.rows('XA RECOVER'),
    primary.value('SELECT @@global.super_read_only'),
  ]);
  if (Number(closed) !== 1) throw notFrozen(primary, 'another attempt has taken over');
  if (prepared.length > 0)
    throw notFrozen(primary, `${prepared.length} prepared XA transaction(s) could commit behind the freeze`);
  return { executed: first, proof: stillAt(primary, first) };
}

export interface Frozen {
  /** gtid_executed. */
  readonly executed: string;
  /** Rejects with FREEZE_FAILED when the set still moves. */
  readonly proof: Promise<void>;
}

async function stillAt(primary: Mysql, executed: string): Promise<void> {
  if ((await executedOn(primary)) !== executed)
    throw notFrozen(primary, 'its gtid_executed still moves under super_read_only');
}

/** The server goes on with a statement whose client has left: one that still waits would freeze it when its lock comes free. */
async function endSession(primary: Mysql, session: number): Promise<void> {
  for (;;) {
    await killSessions(primary, [session]);
    const alive = await primary.value('SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_ID = ?', [
      session,
    ]);
    if (Number(alive) === 0) return;
    await pause(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 5;

const notFrozen = ({ name }: Mysql, why: string): RunbookError =>
  new RunbookError({
    code: 'FREEZE_FAILED',
    message: `${name} cannot be frozen: ${why}`,
    hint: 'Nothing was moved. End what it names, then start this again.',
  });
