import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { RunbookError } from '../activities/errors';
import { type LabState, type Lifetime } from './options';
import { isAlive, markOf, type ProcessMark } from './processes';
import { onPath } from './programs/tool';
import { saveState } from './state';

/**
 * Starts a program in the background with its output in a file. With lifetime `starter` the kernel kills it when this
 * process dies, whatever way it dies; there `setpriv` is needed, which every Linux has.
 */
export function startInBackground(
  program: string,
  args: readonly string[],
  { log, lifetime, env = process.env, cwd }: { log: string; lifetime: Lifetime; env?: NodeJS.ProcessEnv; cwd?: string },
): ProcessMark {
  const [command = program, ...all] = [...dyingWithStarter(lifetime), program, ...args];
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(command, all, { stdio: ['ignore', output, output], detached: true, env, cwd });
    child.on('error', () => undefined); // told by the missing pid below
    child.unref();
    if (child.pid === undefined) {
      throw new RunbookError({
        code: 'TOOL_MISSING',
        message: `${program} could not be started`,
        hint: 'Check that the file exists and may be executed.',
      });
    }
    return markOf(child.pid);
  } finally {
    closeSync(output);
  }
}

/**
 * Words before a command that tie it to its parent. Also needed inside a new user namespace: entering one changes the
 * credentials, and the kernel then forgets the tie.
 */
export function dyingWithStarter(lifetime: Lifetime): string[] {
  const setpriv = lifetime === 'starter' ? onPath('setpriv') : undefined;
  return setpriv ? [setpriv, '--pdeathsig', 'KILL'] : [];
}

/** Labs that are being taken down by this process: nothing more is started in them. */
const ending = new WeakSet<LabState>();
export const forbidStarts = (state: LabState): void => void ending.add(state);

/** Starts a program as part of a lab; it stands in lab.json from its first moment, so that `down` finds it. */
export function startInLab(
  state: LabState,
  program: string,
  args: readonly string[],
  { log, env }: { log: string; env?: NodeJS.ProcessEnv },
): ProcessMark {
  if (ending.has(state)) {
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `the lab ${state.name} is being taken down`,
      hint: 'Start it again afterwards.',
    });
  }
  const mark = startInBackground(program, args, { log, lifetime: state.lifetime, ...(env ? { env } : {}) });
  state.started = [...state.started.filter(isAlive), mark];
  saveState(state);
  return mark;
}
