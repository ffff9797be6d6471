import { setTimeout as pause } from 'node:timers/promises';
import { RunbookError } from '../../errors';
import { type Mysql } from '../../mysql/mysql';
import { programNamed, type Started, startThrough } from '../../programs/through';

export type Dump = Started;

/** Rows of a value are escaped as mysqldump does by itself; nothing in a piece needs what another piece has set. */
const ALWAYS = [
  ...['--single-transaction', '--set-gtid-purged=OFF', '--no-tablespaces', '--no-create-db', '--skip-dump-date'],
  ...['--hex-blob', '--default-character-set=utf8mb4', '--max-allowed-packet=1G'],
];

/** mysqldump with our login. `file`: the option file that has it. Never locks, and so never stands in a failover's way. */
export function startDump(file: string, args: readonly string[]): Dump {
  const command = [programNamed('mysqldump'), `--defaults-extra-file=${file}`, ...ALWAYS, ...args];
  return startThrough(command, {
    failed: (how, said) =>
      new RunbookError({
        code: 'TOOL_FAILED',
        message: `mysqldump ${how}${said === '' ? '' : `: ${said.replace(/^mysqldump: /, '')}`}`,
        hint: 'Where a definition was changed meanwhile, the next attempt is consistent again; else correct what it names.',
      }),
  });
}

/** INNODB_TRX is a copy that is not renewed while somebody reads it more often than every 100 ms: who asks sooner sees the old one for ever. */
const LOOK_EVERY_MS = 150;

/** Until every one of these programs reads from a snapshot of its own. Throws TOOL_FAILED when they do not in time. */
export async function awaitSnapshots(server: Mysql, dumps: readonly Dump[], withinMs: number): Promise<void> {
  for (const until = performance.now() + withinMs; ;) {
    const broken = dumps.find(({ output }) => output.errored);
    if (broken?.output.errored) throw broken.output.errored;
    // A small one has read everything before anybody looks.
    const pids = dumps.filter(({ hasEnded }) => !hasEnded()).map(({ pid }) => String(pid));
    if (pids.length === 0) return;
    const rows = await server.rows<{ pid: string }>(
      `SELECT DISTINCT p.ATTR_VALUE AS pid
         FROM performance_schema.session_connect_attrs p
         JOIN performance_schema.session_connect_attrs n
           ON n.PROCESSLIST_ID = p.PROCESSLIST_ID AND n.ATTR_NAME = 'program_name' AND n.ATTR_VALUE = 'mysqldump'
         JOIN information_schema.INNODB_TRX t
           ON t.trx_mysql_thread_id = p.PROCESSLIST_ID AND t.trx_autocommit_non_locking = 0
        WHERE p.ATTR_NAME = '_pid' AND p.ATTR_VALUE IN (?)`,
      [pids],
    );
    const open = rows.map(({ pid }) => pid);
    const missing = dumps.filter(({ hasEnded, pid }) => !hasEnded() && !open.includes(String(pid)));
    if (missing.length === 0) return;
    if (performance.now() > until)
      throw new RunbookError({
        code: 'TOOL_FAILED',
        message: `${missing.length} of ${dumps.length} dumps had not opened their snapshot after ${withinMs / 1000} s`,
        hint: 'Look for locks on that server, and at performance_schema_session_connect_attrs_size, by which they are known.',
      });
    await pause(LOOK_EVERY_MS);
  }
}
