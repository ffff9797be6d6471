import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  // What is wrong before the error log is open (a missing library, a wrong option file) goes to the output.
  const files = [errorLog, join(dirname(errorLog), 'output.log')].filter((file) => existsSync(file));
  const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const errors = lines.filter((line) => /error|denied|cannot|not found/i.test(line));
  return new RunbookError({
    code: 'TOOL_FAILED',
    message: `mysqld ${isAlive(mark) ? 'did not answer in time' : 'ended while starting'}: ${errors.slice(0, 3).join(' | ') || 'it said nothing'}`,
    hint: `Read ${errorLog}.`,
  });
}

/** The words by which mysqld says that another process took its port between our look and its start. */
export const portTaken = (error: unknown): boolean =>
  error instanceof RunbookError &&
  /Bind on TCP\/IP port|Address already in use|another mysqld server running on port/i.test(error.message);
