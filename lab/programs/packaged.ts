import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RunbookError } from '../../activities/errors';
import { hasApt, unpackPackages, writeWrapper } from './apt';
import { cacheFolder, installed } from './cache';
import { type Progress } from './progress';
import { onPath } from './tool';

export interface PackagedProgram {
  /** As it is called on PATH, and the name of its folder in the cache. */
  readonly name: string;
  /** Package of the machine's own suites that has it. */
  readonly packaged: string;
  /** Where that package puts it, without a slash in front. */
  readonly path: string;
  /** Environment variable that names another one. */
  readonly variable: string;
  /** For people: `HAProxy`. */
  readonly title: string;
  readonly hint: string;
}

/** A program of the distribution: its variable, else PATH, else the cache, else unpacked there from the machine's own packages. */
export async function findPackaged(wanted: PackagedProgram, progress: Progress): Promise<string> {
  const { name, packaged, path, variable, title, hint } = wanted;
  const missing = (message: string, cause?: unknown) =>
    new RunbookError({ code: 'TOOL_MISSING', message, hint, cause });
  const given = process.env[variable] ?? onPath(name);
  if (given) return given;

  const program = (home: string) => join(home, 'bin', name);
  if (existsSync(program(join(cacheFolder(), name)))) return program(join(cacheFolder(), name));
  if (!hasApt()) throw missing(`this machine has neither ${name} on PATH nor apt-get to install it with`);
  const home = await installed(name, progress, async (into, scratch) => {
    progress(`Installing ${title} into the cache (once)`);
    await unpackPackages({}, [[packaged]], join(into, 'root'), scratch, progress).catch((cause: unknown) => {
      throw missing(`${title} could not be installed: ${(cause as Error).message}`, cause);
    });
    writeWrapper(into, name, path);
  });
  return program(home);
}
