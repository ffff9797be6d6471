import { execFileSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { findBackup } from '../../activities/backups/catalogue';
import { takeLogical } from '../../activities/backups/logical/take';
import { placesOf } from '../../activities/backups/places';
import { openFile } from '../../activities/backups/restore/load';
import { dumpInto } from '../../activities/provision/logical';
import { type Lab } from '../../lab';
import { passwordOf } from '../../lab/state';
import { backupScene, type Scene } from '../activities/backups/scene';
import { withLab } from '../support/lab';
import { caughtUp } from '../support/wait';
import { emptied } from './provisioning';

const lab = withLab({ replicas: 2, router: 'none', durability: 'async' });
let scene: Scene;
beforeAll(async () => {
  scene = await backupScene(lab());
});
afterAll(() => scene.close());

/** At once, while the step stands at a point of it. */
function say(on: Lab, server: string, sql: string): string {
  const { user } = on.accounts.root;
  const options = [`--user=${user}`, `--socket=${on.server(server).socket}`, '--batch', '--skip-column-names'];
  const env = { ...process.env, MYSQL_PWD: passwordOf(on.accounts.root) };
  return execFileSync(join(on.state.binFolder, 'mysql'), [...options, '-e', sql], { env, encoding: 'utf8' }).trim();
}

const LOCALLY = 'SET GLOBAL super_read_only = 0; SET SESSION sql_log_bin = 0;';

/** Just before the snapshots are open, and just behind them. */
function changes(step: string): (point: string) => void {
  const at: Readonly<Record<string, () => void>> = {
    [`${step}:still`]: () =>
      say(
        lab(),
        'db2',
        `${LOCALLY} CREATE USER 'in_time'@'%'; GRANT SELECT ON shop.* TO 'in_time'@'%'; DROP USER 'early'@'%'`,
      ),
    [`${step}:snapshots`]: () => {
      say(lab(), 'db1', "CREATE USER 'late'@'%'; ALTER USER 'kept'@'%' ACCOUNT LOCK; DROP USER 'leaver'@'%'");
      const executed = say(lab(), 'db1', 'SELECT @@global.gtid_executed').replaceAll('\\n', '');
      say(lab(), 'db2', `SELECT WAIT_FOR_EXECUTED_GTID_SET('${executed}')`);
    },
  };
  return (point) => at[point]?.();
}

const ACCOUNTS = ['early', 'kept', 'leaver'];
/** As they were before. */
async function begin(): Promise<void> {
  for (const user of ['late', 'in_time', ...ACCOUNTS]) await lab().rows('db1', `DROP USER IF EXISTS '${user}'@'%'`);
  for (const user of ACCOUNTS) await lab().rows('db1', `CREATE USER '${user}'@'%' IDENTIFIED BY RANDOM PASSWORD`);
  await caughtUp(lab(), 'db2', 'db1');
}
const putBack = () =>
  say(lab(), 'db2', `${LOCALLY} DROP USER 'in_time'@'%'; CREATE USER 'early'@'%'; SET GLOBAL super_read_only = 1`);

test('accounts that are created, changed and dropped while a backup is taken: it has those of its moment', async () => {
  await begin();
  const { deps, cluster } = scene;
  const id = '20261122T000000Z-b12';
  const order = { cluster, source: 'db2', isPrimary: false, id, startedAt: new Date().toISOString() };
  await takeLogical({ ...deps, checkpoint: changes('backup') }, order);
  putBack();
  const { store, sealing } = await placesOf(deps, cluster);
  const { manifest } = await findBackup(store, cluster.name, id);
  const [file] = manifest.files.filter(({ part }) => part === 'accounts');
  if (!file) throw new Error('the backup has no accounts');
  const sql = await text(await openFile({ store, sealing }, file));
  const created = [...sql.matchAll(/^CREATE USER IF NOT EXISTS `(\w+)`@`%`.*ACCOUNT (\w+)/gm)].map(([, ...one]) =>
    one.join(' '),
  );
  expect(created).toEqual(expect.arrayContaining(['in_time UNLOCK', 'kept UNLOCK', 'leaver UNLOCK']));
  expect(created.join()).not.toMatch(/late|early/);
  expect(sql).toMatch(/GRANT SELECT ON `shop`.\* TO `in_time`/);
});

test('a server that is filled by a dump meanwhile replays what became of them afterwards', async () => {
  await begin();
  await caughtUp(lab(), 'db3', 'db1');
  await emptied(lab(), 'db3');
  for (const user of ACCOUNTS) say(lab(), 'db3', `${LOCALLY} DROP USER '${user}'@'%'`);
  const { deps, cluster } = scene;
  const order = { cluster, instance: 'db3', donor: 'db2', primary: 'db1', since: '' };
  await dumpInto({ ...deps, checkpoint: changes('logical') }, order);
  putBack();
  const users = async () =>
    (
      await lab().rows(
        'db3',
        "SELECT User AS u FROM mysql.user WHERE User IN ('early', 'kept', 'leaver', 'late', 'in_time')",
      )
    ).map(({ u }) => u);
  expect((await users()).sort()).toEqual(['in_time', 'kept', 'leaver']);
});
