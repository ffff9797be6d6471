import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { RunbookError } from '../activities/errors';
import { type LabAccount, type LabServer, type LabState } from './options';
import { isAlive, markOf } from './processes';
import { type Door } from './sql';

/** `$RUNBOOK_LABS`, else `${XDG_STATE_HOME:-~/.local/state}/mysql-runbooks/labs`. */
export const labsFolder = (): string =>
  resolve(
    process.env['RUNBOOK_LABS'] ??
      join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'mysql-runbooks', 'labs'),
  );

export const labFolder = (name: string): string => join(labsFolder(), name);

/** Names of the labs that have a folder, up or half up. */
export const labNames = (): string[] =>
  existsSync(labsFolder())
    ? readdirSync(labsFolder()).filter((name) => existsSync(join(labFolder(name), 'lab.json')))
    : [];

/** Written whole, then renamed: another process that reads it meanwhile sees the old text or the new one. */
export function saveState(state: LabState): void {
  mkdirSync(state.folder, { recursive: true, mode: 0o700 });
  const file = join(state.folder, 'lab.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Throws INVALID_INPUT with the names there are. */
export function loadState(nameOrFolder: string): LabState {
  const folder = nameOrFolder.includes('/') ? resolve(nameOrFolder) : labFolder(nameOrFolder);
  const file = join(folder, 'lab.json');
  if (!existsSync(file)) {
    const known = labNames();
    throw new RunbookError({
      code: 'INVALID_INPUT',
      message: `there is no lab ${nameOrFolder}`,
      hint: known.length
        ? `Labs here: ${known.join(', ')}.`
        : 'Start one with `runbook lab up`; other folders are named by RUNBOOK_LABS.',
    });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as LabState;
}

export const passwordOf = (account: LabAccount): string => readFileSync(account.passwordFile, 'utf8');

export const rootDoor = (state: LabState, server: LabServer): Door => ({
  socketPath: server.socket,
  user: state.accounts.root.user,
  password: passwordOf(state.accounts.root),
});

export const pidFileOf = ({ folder }: Pick<LabServer, 'folder'>): string => join(folder, 'mysqld.pid');

/** The server by its name, as it runs now: a worker may have started it again. */
export function serverNamed(state: LabState, name: string): LabServer {
  const server = state.servers.find((known) => known.name === name);
  if (server) return adopt(state, server);
  throw new RunbookError({
    code: 'INVALID_INPUT',
    message: `the lab ${state.name} has no server ${name}`,
    hint: `Its servers are ${state.servers.map((known) => known.name).join(', ')}.`,
  });
}

/** A server that somebody else has started becomes one of the lab's processes. */
export function adopt(state: LabState, server: LabServer): LabServer {
  if (isAlive(server) || !existsSync(pidFileOf(server))) return server;
  const mark = markOf(Number(readFileSync(pidFileOf(server), 'utf8')));
  if (!isAlive(mark) || !commandOf(mark.pid).includes(server.optionFile)) return server;
  state.started = [...state.started.filter(isAlive), mark];
  return Object.assign(server, mark);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
