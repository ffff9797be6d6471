import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../activities/errors';
import { attachLab, startLab, type LabOptions } from './index';
import { labNames, loadState } from './state';
import { printProgress } from './programs/progress';
import { describeLab } from './words';
import { type LabStatus } from './status';

/** Where a command prints. Progress goes to standard error, so that `--json` output stays one document. */
export type Print = (text: string) => void;
const toStdout: Print = (text) => void process.stdout.write(`${text}\n`);

export interface LabCommandOptions {
  /** Default `lab`. */
  readonly name?: string;
  readonly json?: boolean;
  readonly print?: Print;
}

export type LabUpOptions = LabCommandOptions &
  Pick<LabOptions, 'replicas' | 'durability' | 'router' | 'sources' | 'delayed' | 'links' | 'temporal' | 'worker'>;

/** `runbook lab up`: a fleet with Temporal and one worker, left running. Says what runs where and what to try next. */
export async function labUp(options: LabUpOptions = {}): Promise<LabStatus> {
  const { json = false, print = toStdout, name = 'lab', ...rest } = options;
  const lab = await startLab({ temporal: true, worker: true, ...rest, name, onProgress: printProgress() });
  const status = await lab.status();
  print(json ? JSON.stringify(status, null, 2) : describeLab(status));
  return status;
}

/** `runbook lab down`. Takes down the one lab there is when no name is given and none is called `lab`. */
export async function labDown(
  options: LabCommandOptions & { readonly keepLogs?: boolean; readonly all?: boolean } = {},
): Promise<void> {
  const { json = false, print = toStdout, keepLogs = false } = options;
  const names = options.all ? labNames() : [chosen(options.name)];
  for (const name of names) {
    const lab = attachLab(name);
    await lab.down({ keepLogs });
    if (!json)
      print(
        `The lab ${name} is down${keepLogs ? `; logs and reports stay in ${lab.folder}` : ' and its folder is gone'}.`,
      );
  }
  if (json) print(JSON.stringify({ down: names }));
}

/** `runbook lab status`. Without a name: the one lab there is. */
export async function labStatus(options: LabCommandOptions = {}): Promise<LabStatus> {
  const { json = false, print = toStdout } = options;
  const status = await attachLab(chosen(options.name)).status();
  print(json ? JSON.stringify(status, null, 2) : describeLab(status));
  return status;
}

export interface LabLogsOptions extends LabCommandOptions {
  /** `db1`, `haproxy`, `temporal`, `worker1`, `relay`. Default: the end of each. */
  readonly of?: string;
  /** Default 20. */
  readonly lines?: number;
  /** Goes on printing new lines of one log until interrupted. */
  readonly follow?: boolean;
}

/** `runbook lab logs [NAME]`. */
export async function labLogs(options: LabLogsOptions = {}): Promise<void> {
  const { json = false, print = toStdout, lines = 20 } = options;
  const logs = logFiles(chosen(options.name));
  const wanted = options.of === undefined ? logs : logs.filter((log) => log.of === options.of);
  if (wanted.length === 0) {
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `this lab has no log of ${String(options.of)}`,
      hint: `There are logs of ${logs.map((log) => log.of).join(', ')}.`,
    });
  }
  const ends = wanted.map(({ of, file }) => ({ of, file, lines: lastLines(file, lines) }));
  if (json) print(JSON.stringify(ends, null, 2));
  else for (const { of, file, lines: text } of ends) print([`== ${of}: ${file}`, ...text].join('\n'));
  const [first] = wanted;
  if (options.follow && first) await followFile(first.file);
}

function logFiles(name: string): { of: string; file: string }[] {
  const state = loadState(name);
  const servers = state.servers.map((server) => ({ of: server.name, file: server.errorLog }));
  const others = readdirSync(state.folder)
    .filter((file) => file.endsWith('.log'))
    .map((file) => ({ of: file.slice(0, -4), file: join(state.folder, file) }));
  return [...servers, ...others].filter(({ file }) => existsSync(file));
}

const lastLines = (file: string, count: number): string[] =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count);

async function followFile(file: string): Promise<void> {
  let seen = statSync(file).size;
  for (;;) {
    await pause(250);
    const { size } = statSync(file);
    if (size <= seen) continue;
    for await (const text of createReadStream(file, { start: seen, end: size - 1 }))
      process.stdout.write(text as Buffer);
    seen = size;
  }
}

/** The lab that is meant: by its name, or the only one there is. */
function chosen(name: string | undefined): string {
  const known = labNames();
  const [only] = known;
  return name ?? (known.length === 1 && only !== undefined ? only : 'lab');
}
