import { type Mysql } from './mysql';

/** End these sessions. One that is gone already (1094) is what we want. */
export async function killSessions(server: Mysql, sessions: readonly number[]): Promise<void> {
  await Promise.all(sessions.map((id) => server.run('KILL ?', [id]).catch(() => undefined)));
}

/**
 * Writes end here, for accounts with SUPER too; bounded, for it waits behind LOCK TABLES and unfinished commits. `onlyIf`: an expression;
 * where it is false as the server comes to it, nothing changes. Manual: "super_read_only".
 */
export const closeBounded = (onlyIf = 'TRUE'): readonly string[] => [
  'SET SESSION lock_wait_timeout = 1',
  `SET GLOBAL super_read_only = IF(${onlyIf}, 1, @@global.super_read_only)`,
];
