import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { lookAtCluster } from '../../../activities/observe/cluster';
import { passwordOf, rootDoor } from '../../../lab/state';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { readable } from '../../../workflows/decisions/facts';
import { leftOver, underWay, underWayOn } from '../../../workflows/decisions/under-way';
import { withLab } from '../../support/lab';
import { caughtUp, eventually } from '../../support/wait';

/** What others do on real servers, read with the rights of the runbooks' own account and judged as a switchover judges it. */
const lab = withLab({ replicas: 1, router: 'none', durability: 'async' });
let servers: KeptServers;
let cluster: Cluster;
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  cluster = (await loadInventory(lab().inventoryPath)).clusters[0]!;
  servers = openServers({ secrets: (reference) => resolveSecret(reference, lab().folder) });
  await lab().rows('db1', 'CREATE TABLE shop.big (id INT AUTO_INCREMENT PRIMARY KEY, pad VARCHAR(8000))');
  await lab().rows(
    'db1',
    "INSERT INTO shop.big (pad) SELECT REPEAT('x', 8000) FROM information_schema.COLUMNS LIMIT 1000",
  );
  await caughtUp(lab(), 'db2', 'db1', 60_000);
});
afterEach(async () => {
  for (const mend of undo.splice(0).reverse()) await mend();
  await eventually('nothing is under way any more', async () => (await refusals()).length === 0);
});
afterAll(() => servers.close());

/** INNODB_TRX is a copy, and not renewed while somebody reads it more often than this. */
const COPY_MS = 150;

async function look() {
  await pause(COPY_MS);
  const snapshot = await lookAtCluster(servers, cluster, { full: true });
  const [db1, db2] = readable(snapshot.members);
  if (!db1 || !db2) throw new Error(`not read: ${JSON.stringify(snapshot.members)}`);
  expect([db1.detail?.notRead, db2.detail?.notRead]).toEqual([undefined, undefined]);
  return { snapshot, db1, db2 };
}

async function refusals(): Promise<string[]> {
  const { snapshot, db1, db2 } = await look();
  return [...underWay(snapshot, db1), ...underWayOn(db2)].map(({ sentence, cure }) => `${sentence}: ${cure}`);
}

const refused = (what: RegExp) =>
  eventually(`it is refused with ${String(what)}`, async () => {
    const told = await refusals();
    if (told.some((one) => what.test(one))) return told;
    throw new Error(`told: ${told.join('\n') || 'nothing'}`);
  });

const serverOf = (name: string) => lab().servers.find((server) => server.name === name)!;

async function session(server: string, program: string): Promise<Connection> {
  const door = rootDoor(lab().state, serverOf(server));
  const connection = await createConnection({ ...door, connectAttributes: { program_name: program } });
  connection.on('error', () => undefined);
  // A server does not notice that the client of a sleeping statement has left.
  undo.push(() => lab().rows(server, `KILL ${connection.threadId}`));
  return connection;
}

/** A program of the server's own, ended after the test. */
function started(program: string, server: string, args: readonly string[]): ChildProcess {
  const { root } = lab().state.accounts;
  const child = spawn(
    join(lab().state.binFolder, program),
    ['--no-defaults', `--socket=${serverOf(server).socket}`, `--user=${root.user}`, ...args],
    { env: { ...process.env, MYSQL_PWD: passwordOf(root) }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  undo.push(async () => {
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    child.stdout.destroy();
    await gone;
  });
  return child;
}

test.each(['db1', 'db2'])('a mysqldump of %s whose output nobody takes', async (server) => {
  started('mysqldump', server, ['--single-transaction', '--set-gtid-purged=OFF', 'shop', 'big']);
  const told = await refused(/mysqldump/);
  expect(told).toEqual([
    expect.stringMatching(
      new RegExp(`^mysqldump \\(session \\d+ of lab_root\\) runs on ${server}: .* on ${server}: KILL \\d+$`),
    ),
  ]);
});

test('a Perl tool is known by the last part of its path, whatever it does now', async () => {
  await session('db1', '/usr/bin/pt-online-schema-change');
  await refused(/^pt-online-schema-change runs on db1 \(session \d+ of lab_root\)/);
});

test('a dump under another name is known by its statement in a snapshot; an idle transaction and a plain long read are not', async () => {
  const [idle, plain, dump] = [await session('db1', 'app'), await session('db1', 'app'), await session('db1', 'etl')];
  for (const one of [idle, dump]) await one.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
  await idle.query('SELECT COUNT(*) FROM shop.big');
  void plain.query('SELECT SLEEP(600) FROM shop.big').catch(() => undefined);
  void dump.query('SELECT /*!40001 SQL_NO_CACHE */ id, SLEEP(600) FROM shop.big').catch(() => undefined);
  expect(await refused(/from one snapshot/)).toEqual([expect.stringMatching(/^session \d+ of lab_root has read/)]);
});

test('a backup lock and a global read lock on the candidate', async () => {
  const [backup, flush] = [await session('db2', 'x'), await session('db2', 'x')];
  await backup.query('LOCK INSTANCE FOR BACKUP');
  await flush.query('FLUSH TABLES WITH READ LOCK');
  await refused(/holds LOCK INSTANCE FOR BACKUP on db2: let it end, or end it on db2: KILL \d+/);
  await refused(/holds FLUSH TABLES WITH READ LOCK on db2/);
});

test('a CLONE, at both of its ends; one that was ended is none', async () => {
  await lab().rows('db1', "CREATE USER 'cloner'@'%' IDENTIFIED BY 'only-in-a-lab'");
  await lab().rows('db1', "GRANT BACKUP_ADMIN ON *.* TO 'cloner'@'%'");
  await caughtUp(lab(), 'db2', 'db1');
  const { host, ownPort } = serverOf('db1');
  const recipient = await session('db2', 'x');
  // One connection, a megabyte a second: it does not end before it is ended.
  for (const setting of [
    `clone_valid_donor_list = '${host}:${ownPort}'`,
    'clone_autotune_concurrency = OFF',
    'clone_max_concurrency = 1',
    'clone_max_data_bandwidth = 1',
  ])
    await recipient.query(`SET GLOBAL ${setting}`);
  const cloning = recipient.query(
    `CLONE INSTANCE FROM 'cloner'@'${host}':${ownPort} IDENTIFIED BY 'only-in-a-lab' DATA DIRECTORY = '${lab().folder}/copy'`,
  );
  const ended = expect(cloning).rejects.toThrow(); // in words that depend on where it was
  await refused(/^CLONE from 127\.0\.0\.1:\d+ runs on db2 \(session \d+ of lab_root\): .*KILL \d+$/);
  await refused(/^db1 is being cloned \(sessions? [\d, ]+ of cloner\)/);
  await lab().rows('db2', `KILL QUERY ${recipient.threadId}`);
  await ended;
  expect(await lab().value('db2', 'SELECT STATE FROM performance_schema.clone_status')).toBe('Failed');
});

test('gh-ost: its tables alone are left over; written to, or with a reader of binary logs that is no member, they refuse', async () => {
  const made = ['shop._big_gho', 'shop._big_ghc'] as const;
  undo.push(() => lab().rows('db1', `DROP TABLE ${made.join(', ')}`));
  await lab().rows('db1', `CREATE TABLE ${made[0]} LIKE shop.big`);
  await lab().rows('db1', `CREATE TABLE ${made[1]} (id BIGINT PRIMARY KEY, hint VARCHAR(64), value VARCHAR(4096))`);
  expect(await refusals()).toEqual([]);
  const { snapshot, db1 } = await look();
  expect(leftOver(snapshot, db1).join()).toMatch(
    /^a gh-ost that runs no more .* DROP TABLE shop\._big_ghc, shop\._big_gho$/,
  );

  started('mysqlbinlog', 'db2', [
    '--read-from-remote-server',
    '--stop-never',
    '--raw',
    '--result-file=/dev/null',
    await newestLog('db2'),
  ]);
  await refused(
    /^gh-ost may work on shop\.big: .* session \d+ of lab_root reads the binary log of db2 and is no member/,
  );

  await lab().rows('db1', `INSERT INTO ${made[1]} VALUES (1, 'heartbeat', NOW(6))`);
  await refused(/^gh-ost works on shop\.big: /);
});

const newestLog = async (server: string): Promise<string> =>
  String((await lab().rows(server, 'SHOW BINARY LOG STATUS'))[0]?.['File']);

test('triggers of a pt-online-schema-change, as soon as they have done anything', async () => {
  await lab().rows('db1', 'CREATE TABLE shop._big_new LIKE shop.big');
  undo.push(() => lab().rows('db1', 'DROP TABLE shop._big_new'));
  await lab().rows(
    'db1',
    `CREATE TRIGGER shop.pt_osc_shop_big_ins AFTER INSERT ON shop.big FOR EACH ROW
       REPLACE INTO shop._big_new (id, pad) VALUES (NEW.id, NEW.pad)`,
  );
  undo.push(() => lab().rows('db1', 'DROP TRIGGER shop.pt_osc_shop_big_ins'));
  await lab().rows('db1', "INSERT INTO shop.big (pad) VALUES ('one')");
  await refused(/^pt-online-schema-change works on shop\.big, or has left .*: DROP TRIGGER shop\.pt_osc_shop_big_ins/);
});
