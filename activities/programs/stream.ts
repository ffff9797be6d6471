import { spawn } from 'node:child_process';
import { type Readable, type Writable } from 'node:stream';
import { systemCode } from '../inventory/system-code';
import { type Ended, endGroup } from './run';

/** A program whose input and output are streams. */
export interface Running {
  readonly input: Writable;
  readonly output: Readable;
  /** When it, and whoever holds its output, has ended. `stdout` is ''; of `stderr` the end is kept. Never rejects. */
  readonly ended: Promise<Ended>;
  /** Ends it and all that it has started. */
  end(): void;
}

export interface StreamOptions {
  readonly cwd?: string;
  /** Beside the worker's own. */
  readonly variables?: Readonly<Record<string, string>>;
}

const KEPT_STDERR = 10_000;

/** Start a program without a shell, in a process group of its own. A broken pipe is told by how it ended. */
export function startProgram([program = '', ...args]: readonly string[], options: StreamOptions = {}): Running {
  const child = spawn(program, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, ...options.variables },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR)));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Ended>((resolve) => {
    child.on('error', (error) =>
      resolve({ how: 'not started', code: null, stdout: '', stderr, because: systemCode(error) }),
    );
    child.on('close', (code) => resolve({ how: 'exit', code, stdout: '', stderr, because: '' }));
  });
  return {
    input: child.stdin,
    output: child.stdout,
    ended,
    end: () => child.pid !== undefined && endGroup(child.pid),
  };
}
