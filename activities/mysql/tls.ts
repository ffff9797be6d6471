import { readFile } from 'node:fs/promises';
import { type SslOptions } from 'mysql2';
import { type TlsPolicy } from '../../workflows/decisions/cluster';
import { RunbookError } from '../errors';

/**
 * The policy as the driver wants it; undefined = plain text. `verify` checks against the authority and not against the host's name,
 * since the certificates that mysqld makes for itself name no host; `verify-identity` checks both. The server's own clients call
 * them VERIFY_CA and VERIFY_IDENTITY. Throws TLS_FAILED when a file cannot be read.
 */
export async function tlsOptions(
  tls: TlsPolicy,
  read = (path: string) => readFile(path, 'utf8'),
): Promise<SslOptions | undefined> {
  if (tls.mode === 'off') return undefined;
  const pem = async (which: keyof typeof IS) =>
    tls[which] === undefined ? undefined : readPem(which, tls[which], read);
  const [ca, cert, key] = await Promise.all([pem('ca'), pem('certificate'), pem('key')]);
  return {
    rejectUnauthorized: tls.mode !== 'encrypt',
    verifyIdentity: tls.mode === 'verify-identity',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

const IS = {
  ca: 'the certificate authority',
  certificate: 'our certificate',
  key: 'the key of our certificate',
} as const;

async function readPem(which: keyof typeof IS, path: string, read: (path: string) => Promise<string>): Promise<string> {
  try {
    return await read(path);
  } catch (cause) {
    throw new RunbookError({
      code: 'TLS_FAILED',
      message: `${IS[which]} ${path} cannot be read`,
      hint: `Correct \`tls.${which}\` in the inventory, or the rights of that file.`,
      cause,
    });
  }
}
