import { type Mysql, type Session } from './mysql';

/** End these sessions. One that is gone already (1094) is what we want. */
export async function killSessions(server: Mysql, sessions: readonly number[]): Promise<void> {
  await Promise.all(sessions.map((id) => server.run('KILL ?', [id]).catch(() => undefined)));
}

/**
 * One long statement after the other in a session of `server`, until nobody wants them any more: the one under way is ended there, since a server goes
 * on with it when its client has left. Then it throws the reason of `stopped`, or what the server says.
 */
export async function untilStopped<Result>(
  server: Mysql,
  session: Session,
  stopped: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const id = await session.value('SELECT CONNECTION_ID()');
  const end = () => void server.run('KILL QUERY ?', [id]).catch(() => undefined);
  stopped?.addEventListener('abort', end);
  try {
    stopped?.throwIfAborted();
    return await work();
  } finally {
    stopped?.removeEventListener('abort', end);
  }
}

/**
 * Writes end here, for accounts with SUPER too; bounded, for it waits behind LOCK TABLES and unfinished commits. `onlyIf`: an expression;
 * where it is false as the server comes to it, nothing changes. Manual: "super_read_only".
 */
export const closeBounded = (onlyIf = 'TRUE'): readonly string[] => [
  'SET SESSION lock_wait_timeout = 1',
  `SET GLOBAL super_read_only = IF(${onlyIf}, 1, @@global.super_read_only)`,
];
