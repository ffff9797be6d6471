import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, runTool } from './programs/tool';

export interface LabTls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** True when the certificate names 127.0.0.1, so that clients can check whom they talk to. */
  readonly verify: boolean;
}

/**
 * A certificate authority of this lab alone and one server certificate for 127.0.0.1. Without openssl, the certificate
 * that mysqld made for itself, which a client can check against its authority but which names no host.
 */
export async function makeTls(folder: string, goldenData: string): Promise<LabTls> {
  const home = join(folder, 'tls');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(home, name);
  const tls = { ca: file('ca.pem'), certificate: file('server.pem'), key: file('server-key.pem') };
  const openssl = onPath('openssl');
  if (!openssl) {
    copyFileSync(join(goldenData, 'ca.pem'), tls.ca);
    copyFileSync(join(goldenData, 'server-cert.pem'), tls.certificate);
    copyFileSync(join(goldenData, 'server-key.pem'), tls.key);
    return { ...tls, verify: false };
  }

  const newKey = (name: string, subject: string) =>
    ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', subject].concat([
      '-keyout',
      file(name),
    ]);
  await runTool(openssl, [...newKey('ca-key.pem', '/CN=mysql-runbooks lab'), '-x509', '-days', '30', '-out', tls.ca]);
  await runTool(openssl, [...newKey('server-key.pem', '/CN=lab server'), '-out', file('server.csr')]);
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const sign = ['x509', '-req', '-in', file('server.csr'), '-days', '30', '-CA', tls.ca, '-CAkey', file('ca-key.pem')];
  await runTool(openssl, [...sign, '-CAcreateserial', '-extfile', file('names'), '-out', tls.certificate]);
  return { ...tls, verify: true };
}
