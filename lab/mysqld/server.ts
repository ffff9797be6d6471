import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../../activities/errors';
import { isAlive, type ProcessMark } from '../processes';
import { open, type Door } from '../sql';

/** Waits until the server answers a login. Throws TOOL_FAILED with the end of its error log when it dies or stays silent. */
export async function accepts(door: Door, mark: ProcessMark, withinMs: number, errorLog: string): Promise<void> {
  const until = performance.now() + withinMs;
  for (;;) {
    if (existsSync(door.socketPath)) {
      const refusal = await open(door, 2000).then(
        (connection) => connection.destroy(),
        (error: unknown) => error as NodeJS.ErrnoException,
      );
      if (refusal === undefined) return;
      if (refusal.code === 'ER_ACCESS_DENIED_ERROR') throw refusal;
    }
    if (!isAlive(mark) || performance.now() > until) throw notStarted(mark, errorLog);
    await pause(20);
  }
}

function notStarted(mark: ProcessMark, errorLog: string): RunbookError {
  const words = existsSync(errorLog) ? readFileSync(errorLog, 'utf8') : '';
  const errors = words.split('\n').filter((line) => line.includes('[ERROR]') || line.includes('error'));
  return new RunbookError({
    code: 'TOOL_FAILED',
    message: `mysqld ${isAlive(mark) ? 'did not answer in time' : 'ended while starting'}: ${errors.slice(0, 3).join(' | ') || 'its error log is empty'}`,
    hint: `Read ${errorLog}.`,
  });
}

/** The words by which mysqld says that another process took its port between our look and its start. */
export const portTaken = (error: unknown): boolean =>
  error instanceof RunbookError &&
  /Bind on TCP\/IP port|Address already in use|another mysqld server running on port/i.test(error.message);
