import { readFile } from 'node:fs/promises';
import { type SslOptions } from 'mysql2';
import { type TlsPolicy } from '../../workflows/decisions/cluster';
import { RunbookError } from '../errors';

/**
 * The cluster's policy as the driver wants it; undefined = plain text. `verify` checks against the authority, not against the host's
 * name: the certificates that mysqld makes for itself name no host. This is what the server's own clients call VERIFY_CA.
 */
export async function tlsOptions(
  tls: TlsPolicy,
  read = (path: string) => readFile(path, 'utf8'),
): Promise<SslOptions | undefined> {
  if (tls.mode === 'off') return undefined;
  if (tls.mode === 'encrypt') return { rejectUnauthorized: false };
  return { rejectUnauthorized: true, ...(tls.ca !== undefined && { ca: await authority(tls.ca, read) }) };
}

async function authority(path: string, read: (path: string) => Promise<string>): Promise<string> {
  try {
    return await read(path);
  } catch (cause) {
    throw new RunbookError({
      code: 'TLS_FAILED',
      message: `the certificate authority ${path} cannot be read`,
      hint: 'Correct `tls.ca` in the inventory, or the rights of that file.',
      cause,
    });
  }
}
