import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Account, type Cluster, type Instance } from '../../workflows/decisions/cluster';
import { ACCOUNT_TABLES } from '../backups/logical/accounts';
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

/**
 * Accounts with their passwords, roles and grants, as rows: an account that fills a server need not be able to grant all that is granted there.
 * Throws TOOL_MISSING, TOOL_FAILED.
 */
export const accountRows = (from: Login): Promise<string> =>
  withClientFile(from, from, async (options) => {
    const dump = throughProgram([
      ...[programNamed('mysqldump'), `--defaults-extra-file=${options}`],
      ...['--single-transaction', '--set-gtid-purged=OFF', '--no-tablespaces', '--no-create-info', '--replace'],
      ...['--complete-insert', '--hex-blob', 'mysql', ...ACCOUNT_TABLES],
    ]);
    return Buffer.concat((await dump.toArray()) as Buffer[]).toString();
  });

/** The recipient's own of other names stay. Repeats safely: rows are replaced. Throws TOOL_MISSING, TOOL_FAILED. */
export async function loadAccountRows(rows: string, to: Login, recipient: Mysql): Promise<void> {
  await withClientFile(to, to, async (options) => {
    const command = [
      ...[programNamed('mysql'), `--defaults-extra-file=${options}`, '--binary-mode'],
      ...['--init-command=SET SESSION sql_log_bin = 0', 'mysql'],
    ];
    const load = throughProgram(command, { input: Readable.from([rows]) });
    await pipeline(load, new Writable({ write: (_chunk, _encoding, done) => done() }));
  });
  await recipient.session(async (session) => {
    await session.run('SET SESSION sql_log_bin = 0');
    await session.run('FLUSH PRIVILEGES');
  });
}
