import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same pid: the kernel's start tick goes with it. */
export interface ProcessMark {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startedAt: string;
}

export function markOf(pid: number): ProcessMark {
  return { pid, startedAt: statOf(pid)?.startedAt ?? '' };
}

/** True while that very process lives. A zombie (dead, not yet collected by its parent) counts as dead. */
export function isAlive(mark: ProcessMark): boolean {
  const stat = statOf(mark.pid);
  return stat !== undefined && stat.startedAt === mark.startedAt && stat.state !== 'Z' && stat.state !== 'X';
}

/** State letter as ps prints it: `T` = stopped by a signal. */
export const stateOf = (mark: ProcessMark): string | undefined => (isAlive(mark) ? statOf(mark.pid)?.state : undefined);

export const residentKilobytes = (pid: number): number => {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
};

/** Sends a signal only to the very process that was marked. False when it is gone. */
export function signal(mark: ProcessMark, name: NodeJS.Signals): boolean {
  if (!isAlive(mark)) return false;
  try {
    process.kill(mark.pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const STOPS_WITHIN_MS = 2_000;

/**
 * SIGSTOP, and back when every thread of it stands still: on a busy machine they go on working for a while after the signal was sent.
 * Waits without giving way to anything else, so that nothing of the caller's happens in between.
 */
export function freeze(mark: ProcessMark): void {
  if (!signal(mark, 'SIGSTOP')) return;
  const until = performance.now() + STOPS_WITHIN_MS;
  while (!standsStill(mark.pid) && performance.now() < until);
}

function standsStill(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((task) => statOf(`${pid}/task/${task}`)?.state === 'T');
  } catch {
    return true; // gone
  }
}

/** Resolves true when the process is gone, false when it still lives after `withinMs`. */
export async function gone(mark: ProcessMark, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (isAlive(mark)) {
    if (performance.now() > until) return false;
    await pause(5);
  }
  return true;
}

/**
 * Ends a process: politely when `graceMs` > 0, then for certain. A stopped process is continued first, since it would
 * sleep through a polite signal.
 */
export async function end(mark: ProcessMark, graceMs = 0): Promise<void> {
  if (graceMs > 0 && signal(mark, 'SIGTERM')) {
    signal(mark, 'SIGCONT');
    if (await gone(mark, graceMs)) return;
  }
  signal(mark, 'SIGKILL');
  await gone(mark, 10_000);
}

function statOf(pid: number | string): { state: string; startedAt: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name stands in parentheses and may hold spaces: count fields after the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, startedAt] = [fields[0], fields[19]];
    return state && startedAt ? { state, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
