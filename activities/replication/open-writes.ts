import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../errors';
import { type Mysql, type Session, type Value } from '../mysql/mysql';
import { killSessions } from '../mysql/sessions';

/** Known to everybody who opens servers: one at a time, and the last who asks has it. */
const LOCK = 'mysql-runbooks: opening writes';
/** A healthy server needs a millisecond for it. */
const WITHIN_MS = 500;
/** For the difference between our clock's pace and the server's. */
const MARGIN_MS = 50;

/** While nobody who came later has taken it. */
export interface Right {
  /** CONNECTION_ID of the session that has it. */
  readonly session: number;
  /** Throws HOST_TIMED_OUT, CONNECTION_LOST. */
  readonly open: () => Promise<void>;
  /** super_read_only again. Throws CONNECTION_LOST and what the statement says; no deadline of its own. */
  readonly close: () => Promise<void>;
  /** Throws as `close`. */
  readonly isClosed: () => Promise<boolean>;
}

/** SQL, to be part of a statement that only who has the right may carry out, whenever the server comes to it. */
export const isHeldBy = ({ session }: Right): string => `IS_USED_LOCK('${LOCK}') <=> ${session}`;

/** Asks the server. Throws HOST_UNREACHABLE, HOST_TIMED_OUT, CONNECTION_LOST. */
export const isStillHeld = async (server: Mysql, right: Right): Promise<boolean> =>
  Number(await server.value(`SELECT ${isHeldBy(right)}`)) === 1;

/**
 * Have the right to open this server's writes while `work` runs; whoever had it before loses it for good. A worker that was given up and
 * wakes up behind its successor's back can then open nothing: the only session in which it could is gone.
 * Throws HOST_UNREACHABLE, HOST_TIMED_OUT (also when `work` takes longer than `forMs`), CONNECTION_LOST, what `work` throws.
 * Source: MySQL manual, "Locking Functions".
 */
export function withRightToOpen<Result>(
  server: Mysql,
  forMs: number,
  work: (right: Right) => Promise<Result>,
): Promise<Result> {
  return server.session(
    async (session) => {
      while (Number(await session.value('SELECT GET_LOCK(?, 0)', [LOCK])) !== 1) {
        const holder = await session.value('SELECT IS_USED_LOCK(?)', [LOCK]);
        if (typeof holder === 'number') await killSessions(server, [holder]);
      }
      const [clock, id] = [await readClock(session), Number(await session.value('SELECT CONNECTION_ID()'))];
      return work({
        session: id,
        open: () => openIn(session, server, clock),
        close: () => session.run('SET GLOBAL super_read_only = ON'),
        isClosed: async () => Number(await session.value('SELECT @@global.read_only')) === 1,
      });
    },
    { deadlineMs: forMs },
  );
}

/** Open writes of a server that answers. Idempotent; throws as withRightToOpen. */
export const openWrites = (server: Mysql): Promise<void> => withRightToOpen(server, 2_000, ({ open }) => open());

/** The server's time, and when we had it by our own clock: read beforehand, for clients may wait for the opening. */
interface ServerClock {
  readonly time: Value;
  readonly readAtMs: number;
}

async function readClock(session: Session): Promise<ServerClock> {
  const time = await session.value('SELECT UTC_TIMESTAMP(6)');
  // After the answer: what is counted from here on is too little rather than too much.
  return { time, readAtMs: performance.now() };
}

/**
 * Now, or never: a server that hangs carries out what it was sent when it wakes up, hours later perhaps and beside another primary. So the
 * statement has an expiry in it, by the server's own clock. When this throws the expiry is over; whether the server had opened before its
 * answer was lost is for the caller to ask.
 * Source: MySQL manual, "SET Syntax for Variable Assignment" (a value may be an expression), "read_only".
 */
async function openIn(session: Session, server: Mysql, { time, readAtMs }: ServerClock): Promise<void> {
  const expiresMicros = Math.round((performance.now() - readAtMs + WITHIN_MS) * 1_000);
  const over = pause(WITHIN_MS + MARGIN_MS).then(() => Promise.reject(tooLate(server)));
  const open = async () => {
    await session.run(
      'SET GLOBAL read_only = IF(UTC_TIMESTAMP(6) < CAST(? AS DATETIME(6)) + INTERVAL ? MICROSECOND, 0, 1)',
      [time, expiresMicros],
    );
    if (Number(await session.value('SELECT @@global.read_only')) !== 0) throw tooLate(server);
  };
  try {
    await Promise.race([open(), over]);
  } catch (error) {
    await over.catch(() => undefined);
    throw error;
  }
}

const tooLate = ({ name }: Mysql): RunbookError =>
  new RunbookError({
    code: 'HOST_TIMED_OUT',
    message: `${name} did not open its writes within ${WITHIN_MS} ms of being told to`,
    hint: 'Look at the load of that host.',
  });
