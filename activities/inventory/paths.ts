import { resolve } from 'node:path';
import { type Account, type SecretReference, type TlsPolicy } from '../../workflows/decisions/cluster';
import { type HostControl } from '../../workflows/decisions/hosts';

// Relative paths are meant from the folder of the inventory.

export const absoluteSecret = (reference: SecretReference, folder: string): SecretReference =>
  'file' in reference ? { file: resolve(folder, reference.file) } : reference;

export const absoluteAccount = ({ user, password }: Account, folder: string): Account => ({
  user,
  password: absoluteSecret(password, folder),
});

export const absoluteTls = ({ mode, ...files }: TlsPolicy, folder: string): TlsPolicy => ({
  mode,
  ...Object.fromEntries(Object.entries(files).map(([which, file]) => [which, resolve(folder, file)])),
});

/** A name without a slash is looked up on PATH. */
export const absoluteCommand = ([program, ...args]: readonly string[], folder: string): string[] =>
  program === undefined ? [] : [program.includes('/') ? resolve(folder, program) : program, ...args];

const COMMANDS = ['killCommand', 'startCommand', 'replaceCommand'] as const;

/** Those commands that a policy has. */
export const absoluteCommands = (
  policy: { readonly [Name in (typeof COMMANDS)[number]]?: readonly string[] },
  folder: string,
): { readonly [Name in (typeof COMMANDS)[number]]?: readonly string[] } =>
  Object.fromEntries(
    COMMANDS.flatMap((name) => {
      const written = policy[name];
      return written ? [[name, absoluteCommand(written, folder)] as const] : [];
    }),
  );

export const absoluteSocket = (socket: string, folder: string) =>
  socket.startsWith('unix:') ? `unix:${resolve(folder, socket.slice('unix:'.length))}` : socket;

export function absoluteControl(control: HostControl, folder: string): HostControl {
  switch (control.kind) {
    case 'local':
      return {
        ...control,
        start: absoluteCommand(control.start, folder),
        pidFile: resolve(folder, control.pidFile),
      };
    case 'command':
      return { ...control, command: absoluteCommand(control.command, folder) };
    default:
      return control;
  }
}
