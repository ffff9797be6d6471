import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemaStatements } from '../../activities/mysql/schema';
import { startInBackground } from '../background';
import { end } from '../processes';
import { installed } from '../programs/cache';
import { type MysqlPrograms } from '../programs/mysql';
import { phase, type Progress } from '../programs/progress';
import { runTool } from '../programs/tool';
import { runAll, value, type Door } from '../sql';
import { LOAD_SCHEMA } from '../load/schema';
import { ACCOUNTS, accountStatements } from './accounts';
import { SMALL } from './config';
import { accepts } from './server';

export interface Golden {
  /** A data folder with accounts and schema, no GTID executed, no auto.cnf: to be copied, never started in place. */
  readonly data: string;
  readonly rootPassword: string;
}

/** Initialising takes seconds, copying a tenth of one: each release's first data folder is made once and kept. */
export async function goldenData(programs: MysqlPrograms, progress: Progress): Promise<Golden> {
  const recipe = [...schemaStatements('runbooks'), ...LOAD_SCHEMA, ...accountStatements(programs.version), SMALL];
  const fingerprint = createHash('sha256').update(recipe.join('\n')).digest('hex').slice(0, 8);
  const home = await installed(`data-${programs.version}-${fingerprint}`, progress, async (into) => {
    await phase(progress, `Preparing a data folder for MySQL ${programs.version} (once)`, () =>
      prepare(programs, into),
    );
  });
  return { data: join(home, 'data'), rootPassword: readFileSync(join(home, 'root-password'), 'utf8') };
}

async function prepare(programs: MysqlPrograms, into: string): Promise<void> {
  chmodSync(into, 0o700);
  const data = join(into, 'data');
  const password = randomBytes(18).toString('base64url');
  writeFileSync(join(into, 'root-password'), password, { mode: 0o600 });
  const sockets = mkdtempSync(join(tmpdir(), 'mrb-')); // a socket's path may be 107 bytes long, the cache's is not ours to choose
  const socket = join(sockets, 's');
  const located = Object.entries(programs.options).map(([name, folder]) => `${name}=${folder}`);
  const user = process.getuid?.() === 0 ? ['user=root'] : [];
  const lines = [
    ...located,
    ...user,
    SMALL,
    `datadir=${data}`,
    `socket=${socket}`,
    'skip-networking',
    'mysqlx=OFF',
    'secure-file-priv=',
  ];
  const options = join(into, 'my.cnf');
  writeFileSync(options, `[mysqld]\n${lines.join('\n')}\nlog-error=${into}/error.log\nauto-generate-certs=ON\n`);
  try {
    await runTool(programs.mysqld, [`--defaults-file=${options}`, '--initialize-insecure'], { deadlineMs: 120_000 });
    const output = { log: join(into, 'output.log'), lifetime: 'starter' as const };
    const mark = startInBackground(programs.mysqld, [`--defaults-file=${options}`], output);
    try {
      const door: Door = { socketPath: socket, user: 'root', password: '' };
      await accepts(door, mark, 60_000, join(into, 'error.log'));
      await load(door, programs.version, password);
    } finally {
      await end(mark, 60_000);
    }
  } finally {
    rmSync(sockets, { recursive: true, force: true });
  }
  for (const file of ['auto.cnf', 'my.cnf']) rmSync(join(data, file), { force: true });
  if (!existsSync(data)) throw new Error('the data folder is missing');
}

async function load(door: Door, version: string, password: string): Promise<void> {
  const root = `'${ACCOUNTS.root}'@'localhost'`;
  await runAll(door, [
    ...schemaStatements('runbooks'),
    ...LOAD_SCHEMA,
    ...accountStatements(version),
    `ALTER USER ${root} IDENTIFIED BY '${password}'`,
    // The account without a password goes; nothing of this preparation may stand in any binary log.
    "DROP USER 'root'@'localhost'",
    /^8\.[01]\./.test(version) ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS',
  ]);
  const executed = await value({ ...door, user: ACCOUNTS.root, password }, 'SELECT @@global.gtid_executed');
  if (executed !== '') throw new Error(`the prepared data folder already has transactions: ${String(executed)}`);
}

/** Copies the golden folder; a file system that can shares the blocks. */
export async function copyData(golden: Golden, to: string): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const aside = `${to}.copying`;
  await runTool('cp', ['-a', '--reflink=auto', golden.data, aside]);
  rmSync(to, { recursive: true });
  renameSync(aside, to);
}
