import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';

/**
 * An option file for MySQL's own client programs, for as long as `work` lasts: the password goes by a file that only we can read, never by the
 * command line, which others see. `more`: further lines, as `[mysqldump]` and its options.
 */
export async function withClientFile<Result>(
  deps: Pick<Deps, 'secret'>,
  at: { readonly cluster: Cluster; readonly instance: Instance; readonly account: Account },
  work: (file: string, folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'runbook-client-'));
  try {
    const { instance, account, cluster } = at;
    const file = join(folder, 'client.cnf');
    const lines = [
      '[client]',
      option('user', account.user),
      option('password', await deps.secret(account.password)),
      option('host', instance.host),
      option('port', String(instance.port)),
      'protocol=tcp',
      ...tlsLines(cluster),
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    return await work(file, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const MODES = { verify: 'VERIFY_CA', 'verify-identity': 'VERIFY_IDENTITY', encrypt: 'REQUIRED', off: 'DISABLED' };

function tlsLines({ tls }: Cluster): string[] {
  const { mode, ca, certificate, key } = tls;
  return [
    `ssl-mode=${MODES[mode]}`,
    ...(ca !== undefined ? [option('ssl-ca', ca)] : []),
    ...(certificate !== undefined ? [option('ssl-cert', certificate)] : []),
    ...(key !== undefined ? [option('ssl-key', key)] : []),
    ...(mode === 'off' ? ['get-server-public-key'] : []),
  ];
}

/** One line of an option file. Source: MySQL manual, "Using Option Files". */
export const option = (name: string, value: string): string =>
  `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
