import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type SecretReference } from '../../workflows/decisions/cluster';
import { RunbookError } from '../errors';
import { endingOf, runProgram } from '../programs/run';
import { fromAws } from './stores/aws';
import { fromVault } from './stores/vault';
import { systemCode } from './system-code';

const KEEP_MS = 60_000;
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * The value behind a reference. Relative files and commands are meant from `baseFolder` (the inventory's folder).
 * Kept for a minute, so that a failover does not wait for a password store at every statement, and a rotated password is
 * soon known. A store that cannot be asked any more does not end what runs: the last value stays, which a server that has another one
 * will refuse. Throws SECRET_UNAVAILABLE; its words name the reference and never the value, nor what a command printed.
 */
export function resolveSecret(reference: SecretReference, baseFolder: string): Promise<string> {
  const key = JSON.stringify([reference, baseFolder]);
  const kept = cache.get(key);
  if (kept && performance.now() - kept.since < KEEP_MS) return kept.value;

  const value = read(reference, baseFolder).then(
    (fresh) => {
      lastKnown.set(key, fresh);
      return fresh;
    },
    (error: unknown) => {
      const last = lastKnown.get(key);
      if (last !== undefined && isStore(reference)) return last;
      throw error;
    },
  );
  cache.set(key, { value, since: performance.now() });
  // A failure is not kept: the cure should work at the next try.
  value.catch(() => {
    if (cache.get(key)?.value === value) cache.delete(key);
  });
  return value;
}

/** After a server refused a password: the next call asks again instead of repeating a value that was rotated. */
export const forgetSecrets = (): void => cache.clear();

const cache = new Map<string, { readonly value: Promise<string>; readonly since: number }>();
const lastKnown = new Map<string, string>();

/** What is asked elsewhere and may be away; a variable or a file that is gone was taken away here. */
const isStore = (reference: SecretReference): boolean =>
  'vault' in reference || 'aws' in reference || 'command' in reference;

async function read(reference: SecretReference, baseFolder: string): Promise<string> {
  if ('env' in reference) return fromEnvironment(reference.env);
  if ('file' in reference) return fromFile(resolve(baseFolder, reference.file));
  if ('command' in reference) return fromCommand(reference.command, baseFolder);
  return 'vault' in reference ? fromVault(reference.vault) : fromAws(reference.aws);
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  const state = value === '' ? 'is empty' : 'is not set';
  throw unavailable(`the environment variable ${name} ${state}`, `Set ${name} for this process and start it again.`);
}

async function fromFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unavailable(
      `the secret file ${path} cannot be read (${systemCode(cause)})`,
      'Create it, or let the user of this process read it (chmod 600, chown).',
    );
  });
  return notEmpty(
    trimNewline(text),
    `the secret file ${path} is empty`,
    'Write the secret into it, with at most one newline at its end.',
  );
}

async function fromCommand(command: readonly string[], cwd: string): Promise<string> {
  const [program = ''] = command;
  // Its input is closed: a command that asks for a passphrase must end, not wait for a terminal.
  const ended = await runProgram(command, { cwd, deadlineMs: COMMAND_TIMEOUT_MS });
  const failed = endingOf(ended, COMMAND_TIMEOUT_MS);
  // Neither its output nor its arguments are quoted.
  if (failed !== '') throw unavailable(`the secret command ${program} ${failed}`, tryByHand(program));
  return notEmpty(trimNewline(ended.stdout), `the secret command ${program} printed nothing`, tryByHand(program));
}

const tryByHand = (program: string) =>
  `Run ${program} by hand as the user of this process, from the inventory's folder.`;

function notEmpty(value: string, message: string, hint: string): string {
  if (value === '') throw unavailable(message, hint);
  return value;
}

const trimNewline = (text: string) => text.replace(/\r?\n$/, '');

const unavailable = (message: string, hint: string) => new RunbookError({ code: 'SECRET_UNAVAILABLE', message, hint });

/**
 * A warning, with its cure, for a secret file that others may read; '' when it is private or not a file. A warning and not a
 * refusal: mounted secret volumes are often readable by a group on purpose, and a failover must not end at a mode bit.
 */
export async function exposureOf(reference: SecretReference, baseFolder: string): Promise<string> {
  if (!('file' in reference)) return '';
  const path = resolve(baseFolder, reference.file);
  const mode = await stat(path).then(
    (facts) => facts.mode,
    () => 0,
  );
  return (mode & 0o077) === 0 ? '' : `the secret file ${path} can be read by others — chmod 600 ${path}`;
}
