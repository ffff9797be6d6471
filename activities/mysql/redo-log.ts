import { RunbookError } from '../errors';
import { type Mysql } from './mysql';

const SWITCHED_WITHIN = { deadlineMs: 600_000 };

/**
 * Fill a server without its redo log, which also goes without the doublewrite buffer; both are on again, and seen to be, before this ends well.
 * A crash meanwhile leaves data that cannot be started. Releases before 8.0.21, and an account that may not, only fill it more slowly.
 * Throws what `work` throws, COPY_UNUSABLE when the redo log stays off. Source: MySQL manual, "Disabling Redo Logging".
 */
export async function withoutRedoLog<Result>(server: Mysql, work: () => Promise<Result>): Promise<Result> {
  await server.run('ALTER INSTANCE DISABLE INNODB REDO_LOG', [], SWITCHED_WITHIN).catch(() => undefined);
  const failed = (error: unknown): never => {
    throw error;
  };
  const result = await work().catch((error: unknown) =>
    enableRedoLog(server).then(
      () => failed(error),
      () => failed(error),
    ),
  );
  await enableRedoLog(server);
  return result;
}

/** Where it was left off by a worker that died, too. Idempotent. Throws COPY_UNUSABLE. */
export async function enableRedoLog(server: Mysql): Promise<void> {
  if (!(await isOff(server))) return;
  await server.run('ALTER INSTANCE ENABLE INNODB REDO_LOG', [], SWITCHED_WITHIN).catch(() => undefined);
  if (!(await isOff(server))) return;
  throw new RunbookError({
    code: 'COPY_UNUSABLE',
    message: `${server.name} writes without a redo log, and it cannot be switched on: a crash would lose all of its data`,
    hint: `On ${server.name}: ALTER INSTANCE ENABLE INNODB REDO_LOG; its error log says why it cannot.`,
  });
}

/** Releases before 8.0.21 have no such status. */
async function isOff(server: Mysql): Promise<boolean> {
  const [row] = await server.rows<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'");
  return row?.Value === 'OFF';
}
