import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Lab } from '../../../lab';
import { passwordOf } from '../../../lab/state';

/** A real one, where it is named: `XTRABACKUP=/usr/bin/xtrabackup`, its `xbstream` beside it. */
const REAL = process.env['XTRABACKUP'];
export const isStandIn = REAL === undefined;

export interface Installed {
  /** As the inventory writes it. */
  readonly policy: { readonly tool: 'xtrabackup'; readonly command: string[]; readonly folder: string };
  readonly command: string[];
  readonly xbstream: string;
}

/** The programs, and an option file with a login at `server`, as its host has them. */
export function installXtraBackup(lab: Lab, server: string): Installed {
  const folder = join(lab.folder, 'xtrabackup');
  mkdirSync(folder);
  const script = (name: string, write: (path: string) => void): string => {
    write(join(folder, name));
    chmodSync(join(folder, name), 0o755);
    return join(folder, name);
  };
  const program = (name: string): string =>
    REAL === undefined
      ? script(name, (path) => copyFileSync(join(__dirname, 'stand-in.cjs'), path))
      : join(dirname(REAL), name);
  const client = `#!/bin/sh\nexec '${join(lab.state.binFolder, 'mysql')}' "$@"\n`;
  script('mysql', (path) => writeFileSync(path, client));
  const file = join(folder, 'backup.cnf');
  const { socket, dataFolder } = lab.server(server);
  const password = passwordOf(lab.accounts.root);
  writeFileSync(
    file,
    `[client]\nuser=lab_root\npassword=${password}\nsocket=${socket}\n[mysqld]\ndatadir=${dataFolder}\n`,
    { mode: 0o600 },
  );
  const command = [program('xtrabackup'), `--defaults-file=${file}`];
  return { policy: { tool: 'xtrabackup', command, folder }, command, xbstream: program('xbstream') };
}
