import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../activities/errors';
import { startInLab } from './background';
import { type LabState, type LabWorker } from './options';
import { end, isAlive } from './processes';
import { zstdOfLabs } from './programs/zstd';
import { saveState } from './state';

/**
 * Where the compiled program stands: beside this file when this is compiled itself, else in dist (tests run TypeScript).
 * `RUNBOOK_DIST` names another folder.
 */
export function compiled(path: string): string {
  const root = __filename.endsWith('.js') ? dirname(__dirname) : join(dirname(__dirname), 'dist');
  const file = join(process.env['RUNBOOK_DIST'] ?? root, path);
  if (existsSync(file)) return file;
  throw new RunbookError({ code: 'TOOL_MISSING', message: `${file} is missing`, hint: 'Run `npm run build` first.' });
}

export interface WorkerOptions {
  /** Checkpoint at which the worker kills itself (SIGKILL): `open:applied`, for example. See workers/checkpoints.ts. */
  readonly faultAt?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take to say that it is ready. Default 30 s. */
  readonly withinMs?: number;
}

/** Starts a worker for the lab's inventory and waits until it says `worker ready`. */
export async function startWorker(state: LabState, options: WorkerOptions = {}): Promise<LabWorker> {
  if (!state.temporal) {
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `the lab ${state.name} has no Temporal for a worker to serve`,
      hint: 'Start the lab with Temporal.',
    });
  }
  const name = `worker${1 + Math.max(0, ...state.workers.map((known) => Number(known.name.slice(6))))}`;
  const log = join(state.folder, `${name}.log`);
  const program = [compiled('cli/main.js'), 'worker', '--inventory', state.inventoryPath];
  const mark = startInLab(state, process.execPath, program, {
    log,
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: state.temporal.address,
      TEMPORAL_NAMESPACE: state.temporal.namespace,
      ...clientPrograms(state),
      ...(options.faultAt ? { RUNBOOK_FAULT_AT: options.faultAt } : {}),
      ...options.env,
    },
  });
  // Known from its first moment: the relays tell its connections by its pid.
  const worker = { name, log, ...mark };
  state.workers.push(worker);
  saveState(state);
  const until = performance.now() + (options.withinMs ?? 30_000);
  while (!readFileSync(log, 'utf8').includes('worker ready')) {
    if (!isAlive(mark) || performance.now() > until) {
      const words = readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ').slice(0, 400);
      const how = isAlive(mark) ? 'did not become ready in time' : 'ended while starting';
      await end(mark);
      state.workers.splice(state.workers.indexOf(worker), 1);
      throw new RunbookError({ code: 'TOOL_FAILED', message: `the worker ${how}: ${words}`, hint: `Read ${log}.` });
    }
    await pause(20);
  }
  return worker;
}

/** Where the lab's own client programs are, as workers look for them. */
export const clientPrograms = ({ binFolder }: Pick<LabState, 'binFolder'>): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    ['mysqlbinlog', 'mysqldump', 'mysql'].map((name) => [`RUNBOOK_${name.toUpperCase()}`, join(binFolder, name)]),
  ),
  RUNBOOK_ZSTD: zstdOfLabs(),
});
