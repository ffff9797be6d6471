import { spawn } from 'node:child_process';
import { systemCode } from '../inventory/system-code';

export interface ProgramOptions {
  readonly deadlineMs: number;
  readonly cwd?: string;
  /** Given on standard input, which is closed behind it. Secrets go this way: arguments and variables are seen by others. */
  readonly input?: string;
  /** Beside the worker's own. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Ends it before its deadline, as if that were over. */
  readonly signal?: AbortSignal;
}

export interface Ended {
  /** `exit`: by itself, with `code` (null when a signal ended it). `late`: its process group was ended. `not started`: see `because`. */
  readonly how: 'exit' | 'late' | 'not started' | 'too much output';
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** ENOENT, EACCES … of a program that could not be started; '' otherwise. */
  readonly because: string;
}

/** More than any answer that we ask for. */
const MOST_OUTPUT_BYTES = 1_048_576;

/**
 * Run a program without a shell and wait until it, and whoever holds its output, has ended. It gets a process group of its own, which
 * is ended by SIGKILL when the deadline is over: what it has started may not go on behind our back. Never throws.
 */
export function runProgram(command: readonly string[], options: ProgramOptions): Promise<Ended> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      env: { ...process.env, ...options.variables },
    });
    const heard = { stdout: '', stderr: '' };
    let how: Ended['how'] = 'exit';
    const settle = (code: number | null, because = '') => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', giveUp);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ how, code, ...heard, because });
    };
    const end = (why: Ended['how']) => {
      how = why;
      if (child.pid !== undefined) endGroup(child.pid);
      // Someone who has left the group may still hold its output: nobody waits for that one.
      settle(null);
    };
    const giveUp = () => end('late');
    const timer = setTimeout(giveUp, Math.max(1, options.deadlineMs));
    options.signal?.addEventListener('abort', giveUp);
    const hear = (name: keyof typeof heard) => (text: string) => {
      heard[name] += text;
      if (heard[name].length > MOST_OUTPUT_BYTES) end('too much output');
    };
    child.stdout.setEncoding('utf8').on('data', hear('stdout'));
    child.stderr.setEncoding('utf8').on('data', hear('stderr'));
    child.on('error', (error) => {
      how = 'not started';
      settle(null, systemCode(error));
    });
    child.on('close', (code) => settle(code));
    // A program that does not read its input has closed it: that is no fault of its own.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
  });
}

export function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of it is left.
  }
}

/** How a program ended that did not succeed, in words that come behind its name; '' for exit code 0. */
export function endingOf({ how, code, because }: Ended, deadlineMs: number): string {
  if (how === 'late') return `did not answer within ${Math.round(deadlineMs / 100) / 10} s and was ended`;
  if (how === 'not started') return `cannot be started (${because})`;
  if (how === 'too much output') return 'printed more than a megabyte and was ended';
  if (code === 0) return '';
  return code === null ? 'was ended by a signal' : `ended with exit code ${code}`;
}

export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
