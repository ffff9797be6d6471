import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { knownInstance } from '../../deps';
import { RunbookError } from '../../errors';
import { hostOf } from '../../hosts/control';
import { type Ended, endingOf, lastLine } from '../../programs/run';

/** Programs on the host of a server that is copied. */
export interface CopyHost {
  /** What a program prints, as it comes; it ends well only when the program has. Its error: TOOL_MISSING, TOOL_FAILED. */
  read(argv: readonly string[]): Readable;
  /** The same, all of it. */
  say(argv: readonly string[]): Promise<string>;
  /** A program that reads `input` to its end; an input that breaks off ends it. Throws as `read`, or what the input failed with. */
  take(argv: readonly string[], input: Readable): Promise<void>;
}

/** Throws INVENTORY_INVALID where no program can be run there. */
export function copyHostOf(cluster: Cluster, name: string): CopyHost {
  const instance = knownInstance(cluster, name);
  const { control } = instance;
  const open = hostOf(cluster, instance)?.open;
  if (!open)
    throw new RunbookError({
      code: 'INVENTORY_INVALID',
      message: `no program can be run on the host of ${name}`,
      hint: `Give ${name} a control of kind local, systemd or ssh, or take a logical backup.`,
    });
  // The files are the server's, which may be another user.
  const before = (control?.kind === 'systemd' || control?.kind === 'ssh') && control.sudo ? ['sudo', '-n'] : [];
  const read = (argv: readonly string[]): Readable => {
    const running = open([...before, ...argv]);
    const output = new PassThrough({ highWaterMark: 1_048_576 });
    running.input.end();
    running.output.on('error', () => undefined).pipe(output, { end: false });
    void running.ended.then((ended) => {
      const failed = failureOf(name, argv[0] ?? '', ended);
      if (failed) output.destroy(failed);
      else output.end();
    });
    // Whoever stops reading ends it.
    output.on('close', () => running.end());
    return output;
  };
  const take = async (argv: readonly string[], input: Readable): Promise<void> => {
    const running = open([...before, ...argv]);
    running.output.resume();
    const broken = await pipeline(input, running.input).then(
      () => null,
      (error: unknown) => error,
    );
    // Half of what was to come is no end of it.
    if (broken instanceof RunbookError) running.end();
    const failed = failureOf(name, argv[0] ?? '', await running.ended);
    if (broken instanceof RunbookError) throw broken;
    if (failed) throw failed;
    if (broken !== null) throw endedEarly(name, argv[0] ?? '', broken);
  };
  return { read, say: (argv) => text(read(argv)), take };
}

/** It says that all went well, and has not read everything. */
const endedEarly = (name: string, program: string, cause: unknown): RunbookError =>
  new RunbookError({
    code: 'TOOL_FAILED',
    message: `${program} on the host of ${name} ended before it had read all that came`,
    hint: 'Start it again; when it happens again, look what that program is.',
    cause,
  });

const NOT_FOUND = 127;

function failureOf(name: string, program: string, ended: Ended): RunbookError | null {
  const failed = endingOf(ended, Number.POSITIVE_INFINITY);
  if (failed === '') return null;
  const said = lastLine(ended.stderr);
  if (ended.how === 'not started' || ended.code === NOT_FOUND)
    return new RunbookError({
      code: 'TOOL_MISSING',
      message: `${program} is not on the host of ${name}${said === '' ? '' : `: ${said}`}`,
      hint: 'Install it there, or correct backups.physical and control in the inventory.',
    });
  return new RunbookError({
    code: 'TOOL_FAILED',
    message: `${program} on the host of ${name} ${failed}${said === '' ? '' : `: ${said}`}`,
    hint: 'Correct what it names, then start again.',
  });
}
