import { randomUUID } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, type ProcessMark, markOf } from '../processes';
import { type Progress } from './progress';

/** Where installed programs are kept: `$RUNBOOK_CACHE`, else `${XDG_CACHE_HOME:-~/.cache}/mysql-runbooks`. */
export function cacheFolder(): string {
  const folder =
    process.env['RUNBOOK_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mysql-runbooks');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Makes the folder `NAME` of the cache exist, once, however many processes ask for it at the same time. `build` fills an
 * empty folder beside it, which is renamed into place only when complete, so an interrupted build is never mistaken for
 * a finished one. `scratch` outlives a failed build: partial downloads kept there are resumed by the next one.
 */
export async function installed(
  name: string,
  progress: Progress,
  build: (into: string, scratch: string) => Promise<void>,
): Promise<string> {
  const home = join(cacheFolder(), name);
  if (existsSync(home)) return home;

  return withLock(join(cacheFolder(), `${name}.lock`), progress, async () => {
    if (existsSync(home)) return home; // another process built it while we waited
    for (const left of readdirSync(cacheFolder())) {
      if (left.startsWith(`${name}.building-`)) rmSync(join(cacheFolder(), left), { recursive: true, force: true });
    }
    const into = join(cacheFolder(), `${name}.building-${randomUUID().slice(0, 8)}`);
    const scratch = join(cacheFolder(), `${name}.download`);
    mkdirSync(into, { recursive: true });
    mkdirSync(scratch, { recursive: true });
    await build(into, scratch);
    renameSync(into, home);
    rmSync(scratch, { recursive: true, force: true });
    return home;
  });
}

/** Runs `work` while this process holds `file`. A lock whose holder is gone (its pid dead or reused) is broken. */
export async function withLock<Result>(file: string, progress: Progress, work: () => Promise<Result>): Promise<Result> {
  let told = false;
  while (!tryLock(file)) {
    const holder = readHolder(file);
    if (!holder) continue; // released between our two looks
    if (!isAlive(holder)) {
      breakLock(file, holder);
      continue;
    }
    if (!told) progress(`Waiting for process ${holder.pid}, which is installing the same program`);
    told = true;
    await pause(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A lock appears complete or not at all: written aside, then hard-linked, which fails when the name is taken. */
function tryLock(file: string): boolean {
  const aside = `${file}.${randomUUID().slice(0, 8)}`;
  writeFileSync(aside, JSON.stringify(markOf(process.pid)));
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}

/** Two processes may break the same stale lock: whoever took away a fresh one instead puts it back. */
function breakLock(file: string, stale: ProcessMark): void {
  const aside = `${file}.stale-${randomUUID().slice(0, 8)}`;
  try {
    renameSync(file, aside);
    const taken = readHolder(aside);
    if (taken && (taken.pid !== stale.pid || taken.startedAt !== stale.startedAt)) linkSync(aside, file);
  } catch {
    // Somebody else was faster; the loop looks again.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Bytes below a folder, for progress lines. Files that vanish meanwhile count as nothing. */
export function sizeOf(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sum + sizeOf(path);
      return sum + (entry.isFile() ? statSync(path).size : 0);
    }, 0);
  } catch {
    return 0;
  }
}
