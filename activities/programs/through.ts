import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RunbookError } from '../errors';
import { systemCode } from '../inventory/system-code';

export interface StreamOptions {
  /** Its standard input; left out = closed. When it breaks off, the program is ended, and its own error is the output's. */
  readonly input?: Readable;
  readonly variables?: Readonly<Record<string, string>>;
  /** What its failure means. `said`: the end of its standard error. Default TOOL_FAILED. */
  readonly failed?: (how: string, said: string) => RunbookError;
}

/** Where programs are that are not on PATH: RUNBOOK_MYSQLDUMP, RUNBOOK_ZSTD … */
export const programNamed = (name: string): string => process.env[`RUNBOOK_${name.toUpperCase()}`] ?? name;

/**
 * What a program prints, as it comes. It ends well only when the program has: a dump that broke off is an error, never a short
 * dump. Whoever stops reading ends the program. The error: TOOL_MISSING, `failed`, or that of the input.
 */
export const throughProgram = (command: readonly string[], options: StreamOptions = {}): Readable =>
  startThrough(command, options).output;

export interface Started {
  readonly output: Readable;
  readonly pid: number | undefined;
  /** It has ended well, though nobody may have read all of its output yet. */
  readonly hasEnded: () => boolean;
}

/** The same, where its process must be known. */
export function startThrough(command: readonly string[], options: StreamOptions = {}): Started {
  const [program = '', ...args] = command;
  const output = new PassThrough({ highWaterMark: 262_144 });
  const child = spawn(program, args, {
    stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    ...(options.variables && { env: { ...process.env, ...options.variables } }),
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = `${said}${text}`.slice(-4_000)));
  const fail = (error: Error) => {
    child.kill('SIGKILL');
    output.destroy(error);
  };
  child.on('error', (error) => fail(notStarted(program, error)));
  child.on('close', (code, signal) => {
    if (code === 0) output.end();
    else
      fail(
        (options.failed ?? toolFailed(program))(
          signal ? `was ended by ${signal}` : `ended with exit code ${String(code)}`,
          lastWords(said),
        ),
      );
  });
  child.stdout?.on('error', () => undefined).pipe(output, { end: false });
  output.on('close', () => {
    child.kill('SIGKILL');
    options.input?.destroy();
  });
  if (options.input) feed(child, options.input, fail);
  return { output, pid: child.pid, hasEnded: () => output.writableEnded };
}

function feed(child: ChildProcess, input: Readable, fail: (error: Error) => void): void {
  if (!child.stdin) return;
  pipeline(input, child.stdin).catch((error: unknown) => {
    // A program that has ended and no longer reads has said why by its exit code.
    if (systemCode(error) !== 'EPIPE' && input.errored) fail(input.errored);
  });
}

/** Its last line is what it died of; options and statements are not repeated. */
const lastWords = (said: string): string => said.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';

const toolFailed =
  (program: string) =>
  (how: string, said: string): RunbookError =>
    new RunbookError({
      code: 'TOOL_FAILED',
      message: `${program} ${how}${said === '' ? '' : `: ${said}`}`,
      hint: 'Correct what it names, then start again.',
    });

const notStarted = (program: string, error: unknown): RunbookError =>
  new RunbookError({
    code: 'TOOL_MISSING',
    message: `${program} cannot be started on this worker (${systemCode(error)})`,
    hint: `Install it, or name it by RUNBOOK_${(program.split('/').at(-1) ?? program).toUpperCase()}.`,
    cause: error,
  });
