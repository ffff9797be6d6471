import { readFile } from 'node:fs/promises';
import { type SslOptions } from 'mysql2';
import { type TlsPolicy } from '../../workflows/decisions/cluster';

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
  return { rejectUnauthorized: true, ...(tls.ca !== undefined && { ca: await read(tls.ca) }) };
}
