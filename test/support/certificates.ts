import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '../../lab/programs/tool';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** An authority and what it signs, for the life of one test. Files are made by openssl. */
export async function makeAuthority(folder: string, name: string) {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const file = (what: string) => join(home, what);
  const newKey = (what: string, subject: string) => [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${subject}`, '-keyout', file(`${what}-key.pem`)],
  ];
  await runTool('openssl', [...newKey('ca', name), '-x509', '-days', '2', '-out', file('ca.pem')]);
  return {
    ca: file('ca.pem'),
    /** `names` as openssl writes them: `IP:127.0.0.1,DNS:localhost`. */
    async sign(what: string, names: string): Promise<Certificate> {
      await runTool('openssl', [...newKey(what, what), '-out', file(`${what}.csr`)]);
      writeFileSync(file(`${what}.names`), `subjectAltName=${names}\n`);
      await runTool('openssl', [
        ...[
          'x509',
          '-req',
          '-in',
          file(`${what}.csr`),
          '-days',
          '2',
          '-CA',
          file('ca.pem'),
          '-CAkey',
          file('ca-key.pem'),
        ],
        ...['-CAcreateserial', '-extfile', file(`${what}.names`), '-out', file(`${what}.pem`)],
      ]);
      return { certificate: file(`${what}.pem`), key: file(`${what}-key.pem`) };
    },
  };
}
