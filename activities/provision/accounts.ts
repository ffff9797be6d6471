import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Account, type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { type Deps } from '../deps';
import { withClientFile } from '../mysql/client-file';
import { type Mysql } from '../mysql/mysql';
import { programNamed, throughProgram } from '../programs/through';

/** A server, and as whom the client programs come to it. */
export interface Login {
  readonly secret: Deps['secret'];
  readonly cluster: Cluster;
  readonly instance: Instance;
  readonly account: Account;
}

const ACCOUNT_TABLES = [
  ...['user', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'proxies_priv'],
  ...['global_grants', 'role_edges', 'default_roles', 'password_history'],
];

/**
 * Accounts with their passwords, roles and grants, as rows: an account that fills a server need not be able to grant all that is granted there. The
 * recipient's own of other names stay. Repeats safely: rows are replaced. Throws TOOL_MISSING, TOOL_FAILED.
 */
export async function copyAccounts(from: Login, to: Login, recipient: Mysql): Promise<void> {
  await withClientFile(from, from, (theirs) =>
    withClientFile(to, to, async (ours) => {
      const dump = throughProgram([
        ...[programNamed('mysqldump'), `--defaults-extra-file=${theirs}`],
        ...['--single-transaction', '--set-gtid-purged=OFF', '--no-tablespaces', '--no-create-info', '--replace'],
        ...['--complete-insert', '--hex-blob', 'mysql', ...ACCOUNT_TABLES],
      ]);
      const load = throughProgram(
        [
          ...[programNamed('mysql'), `--defaults-extra-file=${ours}`, '--binary-mode'],
          ...['--init-command=SET SESSION sql_log_bin = 0', 'mysql'],
        ],
        { input: dump },
      );
      await pipeline(load, new Writable({ write: (_chunk, _encoding, done) => done() }));
    }),
  );
  await recipient.session(async (session) => {
    await session.run('SET SESSION sql_log_bin = 0');
    await session.run('FLUSH PRIVILEGES');
  });
}
