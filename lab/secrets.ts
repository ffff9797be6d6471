import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNTS, type AccountName } from './mysqld/accounts';
import { type LabAccounts } from './options';

/** Draws a password for each account of a lab and writes it to a file that only its owner reads. */
export function drawPasswords(folder: string): LabAccounts {
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  const draw = (name: AccountName) => {
    const passwordFile = join(secrets, name);
    writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
    return { user: ACCOUNTS[name], passwordFile };
  };
  return {
    root: draw('root'),
    admin: draw('admin'),
    replication: draw('replication'),
    backup: draw('backup'),
    app: draw('app'),
  };
}
