import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { tellControl } from '../../workflows/decisions/hosts';
import { RunbookError } from '../errors';
import { endingOf, lastLine, runProgram } from '../programs/run';
import { type Running, startProgram, type StreamOptions } from '../programs/stream';

/** The machine of one instance. Everything may be done twice. Throws TOOL_FAILED with the program's last words. */
export interface Host {
  /** One sentence without a full stop. */
  readonly describes: string;
  /** Begins to start the server; that it answers is seen by asking it. Running already is success. */
  start(): Promise<void>;
  /** A clean shutdown, which may take its time. Stopped already is success. */
  stop(): Promise<void>;
  /** Is its process there, answering or not? null = that cannot be told from here. */
  alive(): Promise<boolean | null>;
  /** Run a program on that machine, with streams; null = none can be run there. */
  readonly open: ((argv: readonly string[], options?: StreamOptions) => Running) | null;
}

const START_WITHIN_MS = 120_000;
/** A server that writes its buffer pool back takes minutes. */
const STOP_WITHIN_MS = 900_000;

/** null = the inventory says nothing of how its server is started. */
export function hostOf(cluster: Pick<Cluster, 'name'>, instance: Instance): Host | null {
  const { control } = instance;
  const describes = tellControl(instance);
  switch (control?.kind) {
    case undefined:
      return null;
    case 'local':
      return { describes, open: startProgram, ...localProcess(control) };
    case 'systemd':
      return { describes, open: startProgram, ...unitOf(control, (argv) => argv) };
    case 'ssh': {
      const there = (argv: readonly string[]) => [...sshTo(control), quoted(argv)];
      // Variables would stay on this side.
      return { describes, open: (argv) => startProgram(there(argv)), ...unitOf(control, there) };
    }
    case 'command': {
      const told = (operation: 'start' | 'stop') => {
        const { name, host, port } = instance;
        return JSON.stringify({ version: 1, operation, cluster: cluster.name, instance: { name, host, port } });
      };
      return {
        describes,
        open: null,
        start: () => carryOut(control.command, START_WITHIN_MS, told('start')),
        stop: () => carryOut(control.command, STOP_WITHIN_MS, told('stop')),
        alive: () => Promise.resolve(null),
      };
    }
  }
}

async function carryOut(argv: readonly string[], deadlineMs: number, input = ''): Promise<void> {
  const ended = await runProgram(argv, { deadlineMs, input });
  const failed = endingOf(ended, deadlineMs);
  if (failed === '') return;
  const said = lastLine(ended.stderr) || lastLine(ended.stdout);
  throw new RunbookError({
    code: 'TOOL_FAILED',
    message: `${argv[0] ?? 'the program'} ${failed}${said === '' ? '' : `: ${said}`}`,
    hint: 'Try it by hand on the worker’s machine, as the worker’s user.',
  });
}

type Actions = Pick<Host, 'start' | 'stop' | 'alive'>;

function unitOf(
  { unit, sudo }: { readonly unit: string; readonly sudo: boolean },
  there: (argv: readonly string[]) => readonly string[],
): Actions {
  const systemctl = (...words: string[]) => there([...(sudo ? ['sudo', '-n'] : []), 'systemctl', ...words, unit]);
  return {
    // --no-block: systemd waits for a server that recovers for as long as that takes, and so do we, by asking it.
    start: () => carryOut(systemctl('start', '--no-block'), START_WITHIN_MS),
    stop: () => carryOut(systemctl('stop'), STOP_WITHIN_MS),
    alive: () => Promise.resolve(null),
  };
}

const sshTo = ({ destination, options }: { readonly destination: string; readonly options: readonly string[] }) => [
  'ssh',
  ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '-o', 'ServerAliveInterval=15'],
  ...options,
  destination,
];

/** sshd gives what it is told to a shell. */
const quoted = (argv: readonly string[]): string => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

const LOOK_EVERY_MS = 100;

/** Of this worker, by pid file: two that start one server at the same time are one. */
const begun = new Map<string, ChildProcess>();
const isRunning = (child: ChildProcess | undefined): boolean =>
  child !== undefined && child.exitCode === null && child.signalCode === null;

function localProcess({ start, pidFile }: { readonly start: readonly string[]; readonly pidFile: string }): Actions {
  const pid = () => pidOf(pidFile, start);
  const alive = async () => (await pid()) !== null || (await isStarting(start));
  return {
    alive,
    async start() {
      if ((await alive()) || isRunning(begun.get(pidFile))) return;
      const [program = '', ...args] = start;
      // It lives on when the worker ends, and reads nothing of the worker's.
      const child = spawn(program, args, { detached: true, stdio: 'ignore' });
      begun.set(pidFile, child);
      await new Promise<void>((resolve, reject) => {
        child.on('spawn', resolve);
        child.on('error', (cause) =>
          reject(
            new RunbookError({
              code: 'TOOL_MISSING',
              message: `${program} cannot be started: ${cause.message}`,
              hint: 'Correct `control` of this instance in the inventory.',
              cause,
            }),
          ),
        );
      });
      child.unref();
    },
    async stop() {
      const before = await pid();
      if (before === null) return;
      process.kill(before, 'SIGTERM');
      // Its pid file goes first, and who started it may be the last to go.
      for (const until = performance.now() + STOP_WITHIN_MS; await alive();) {
        if (performance.now() > until)
          throw new RunbookError({
            code: 'TOOL_FAILED',
            message: `process ${before} goes on after SIGTERM`,
            hint: 'Look at its error log; it is never killed the hard way.',
          });
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
  };
}

/** A server that starts writes its pid file late: until then it is known by its words. */
async function isStarting(start: readonly string[]): Promise<boolean> {
  const known = start.filter((word) => word.startsWith('--'));
  if (known.length === 0) return false;
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    processes.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      return known.every((word) => words.includes(word));
    }),
  );
  return found.includes(true);
}

/** The process that the file names, if it is this server: a file that a crash left behind may name anybody's by now. */
async function pidOf(pidFile: string, start: readonly string[]): Promise<number | null> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  return Number.isInteger(pid) && pid > 1 && (await isServer(pid, start)) ? pid : null;
}

async function isServer(pid: number, start: readonly string[]): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  const its = (word: string) => word.startsWith('--') && words.includes(word);
  return words[0] === start[0] || start.some(its);
}
