import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RunbookError } from '../../activities/errors';

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds for the whole run. Default: none. */
  readonly deadlineMs?: number;
  /** Called with every line of either output. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program and gives what it printed on standard output. Throws TOOL_MISSING when it cannot be started and
 * TOOL_FAILED with its last words when it fails; arguments are not quoted in errors.
 */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.deadlineMs === undefined ? {} : { timeout: options.deadlineMs, killSignal: 'SIGKILL' as const }),
  });
  let output = '';
  let tail = '';
  const hear = (text: string) => {
    tail = (tail + text).slice(-2000);
    for (const line of text.split('\n')) if (line.trim()) options.onLine?.(line.trim());
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    hear(text);
  });
  child.stderr.setEncoding('utf8').on('data', hear);
  const ended = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on('error', (cause) =>
      reject(
        new RunbookError({
          code: 'TOOL_MISSING',
          message: `${command} could not be started: ${cause.message}`,
          hint: `Install ${command} and try again.`,
          cause,
        }),
      ),
    );
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  if (ended.code === 0) return output;
  const words = tail.trim().split('\n').slice(-6).join(' | ');
  const how = ended.signal ? `was ended by ${ended.signal}` : `ended with code ${String(ended.code)}`;
  throw new RunbookError({
    code: 'TOOL_FAILED',
    message: `${command} ${how}${words ? `: ${words}` : ''}`,
    hint: 'Read its last words above, correct what they name and run the same command again.',
  });
}

/** Daemons live in folders that an ordinary user's PATH leaves out. */
const DAEMON_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The first executable of that name on PATH or where distributions put daemons. */
export function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...DAEMON_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
