import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveBinlogs } from '../../activities/archive/archive';
import { openShelf } from '../../activities/archive/shelf';
import { takeLogical } from '../../activities/backups/logical/take';
import { placesOf } from '../../activities/backups/places';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { verificationKey } from '../../workflows/decisions/backups/manifest';
import { count, subtract } from '../../workflows/decisions/gtid-set';
import { backupScene, type Scene } from '../activities/backups/scene';
import { caughtUp, eventually } from '../support/wait';
import { executed } from './archived';
import { type Incident, incident } from './incident';
import { workersThatDieEverywhere } from './faulty-worker';
import { beginFilling, declareProvisioning, emptied, provision } from './provisioning';
import { expectReplica } from './rejoining';

const folder = mkdtempSync(join(tmpdir(), 'mrt-p06-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ID = '20261121T000000Z-p06';

/** As verifyBackup writes it. */
async function callProven({ deps, cluster }: Scene): Promise<void> {
  const { store } = await placesOf(deps, cluster);
  const at = new Date().toISOString();
  const said = { version: 1, backup: ID, run: 'p06', at, verdict: 'proven', because: 'it came back as it was' };
  const measured = { restoreMs: 1, bytes: 1, rows: 1, checks: [] };
  await store.writeText(verificationKey(cluster.name, ID), JSON.stringify({ ...said, ...measured }));
}

/** Archives until all that db1 has now is in the store. */
async function archiveAll({ deps, cluster, lab }: Scene): Promise<void> {
  const stopped = new AbortController();
  const turn = archiveBinlogs({ ...deps, cancelled: stopped.signal }, { cluster: cluster.name, told: [] });
  try {
    const all = await executed(lab, 'db1');
    const shelf = await openShelf(deps, cluster);
    const lacks = async () => count(subtract(all, gtidsOf((await shelf.coverage()).files)));
    await eventually('the archive has all of it', async () => (await lacks()) === 0, 60_000);
  } finally {
    stopped.abort();
    await Promise.allSettled([turn]);
  }
}

const takeOne = ({ deps, cluster }: Scene): Promise<unknown> =>
  takeLogical(deps, { cluster, source: 'db2', isPrimary: false, id: ID, startedAt: '2026-11-21T00:00:00Z' });

const fromStore = (scene: Incident, more: object = {}) =>
  provision(scene, { instance: 'db3', strategy: 'backup', ...more });

test(
  'P6: a server is filled from a proven backup and archived binary logs, though the primary has purged its own; without either it is refused',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, settle } = scene;
      declareProvisioning(lab);
      const stored = await backupScene(lab);
      try {
        await lab.rows('db1', "CREATE USER 'newcomer'@'%' IDENTIFIED BY RANDOM PASSWORD");
        await lab.rows('db1', 'CREATE TABLE shop.kept (id INT PRIMARY KEY AUTO_INCREMENT, n INT, KEY (n))');
        await lab.rows('db1', 'INSERT INTO shop.kept (n) VALUES (1), (2)');
        await caughtUp(lab, 'db2', 'db1');
        await takeOne(stored);
        await lab.rows('db1', 'INSERT INTO shop.kept (n) VALUES (3)');
        await load.nextAcknowledgement();
        await emptied(lab, 'db3');
        expect((await fromStore(scene)).headline).toMatch(/has no logical backup of \S+ that is proven \(1 in all\)/);
        await callProven(stored);

        for (const server of ['db1', 'db2']) {
          await caughtUp(lab, 'db2', 'db1');
          await lab.rows(server, 'FLUSH BINARY LOGS');
        }
        const [last] = await lab.rows('db1', 'SHOW BINARY LOG STATUS');
        await eventually('db2 has read what goes', async () => {
          await lab.rows('db1', `PURGE BINARY LOGS TO '${String(last?.['File'])}'`);
          return (await lab.rows('db1', 'SHOW BINARY LOGS')).length === 1;
        });
        expect((await fromStore(scene)).headline).toMatch(
          /db1 has purged \S+, which neither backup \S+ nor the archive has/,
        );
        expect(await lab.value('db3', 'SELECT @@global.gtid_executed')).toBe('');

        await archiveAll(stored);
        const own = await lab.value('db3', 'SELECT @@global.server_id');
        const told = await fromStore(scene);
        expect(told).toMatchObject({
          outcome: 'done',
          headline: 'db3 replicates from db1, has caught up, and holds what db2 holds',
          left: [],
        });
        expect(told.steps.find(({ title }) => title === `Fill db3 by backup from backup ${ID}`)?.detail).toMatch(
          /and [1-9]\d* archived transactions/,
        );
        expect(await lab.value('db3', 'SELECT @@global.server_id')).toBe(own);
        expect(await lab.value('db3', 'SELECT COUNT(*) FROM shop.kept')).toBe(3);
        expect(
          await lab.value('db3', "SELECT COUNT(*) FROM mysql.user WHERE User IN ('newcomer', 'runbook_scratch')"),
        ).toBe(1);
        await load.stop();
        await caughtUp(lab, 'db3', 'db1');
        await expectReplica(lab, 'db3', 'db1');
        await settle({ primary: 'db1' });
      } finally {
        await stored.close();
      }
    }),
  300_000,
);

/** Around everything that leaves another state behind. */
const POINTS = [
  ...['stored:begin', 'stored:accounts-made', 'stored:dropped', 'stored:loaded', 'stored:accounts'],
  ...['apply:laid out', 'apply:applied', 'stored:applied', 'fillFromBackup:done'],
];

test(
  'P6: the only worker is killed at every point of a filling from the store; the next one begins anew and leaves nothing behind',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, faults, settle } = scene;
      declareProvisioning(lab);
      const stored = await backupScene(lab);
      try {
        await caughtUp(lab, 'db2', 'db1');
        await takeOne(stored);
        await callProven(stored);
        await load.nextAcknowledgement();
        await load.stop();
        await caughtUp(lab, 'db2', 'db1');
        await archiveAll(stored);
        await emptied(lab, 'db3');
        const own = await lab.value('db3', 'SELECT @@global.server_id');
        for (const worker of [...lab.state.workers]) await faults.killWorker(worker);
        const run = await beginFilling(scene, { instance: 'db3', strategy: 'backup' });
        const met = await workersThatDieEverywhere(lab, run, join(folder, 'everywhere'));
        expect(await run.result()).toMatchObject({ outcome: 'done', left: [] });
        expect(POINTS.filter((point) => !met.includes(point))).toEqual([]);
        expect(await lab.value('db3', 'SELECT @@global.server_id')).toBe(own);
        expect(await lab.value('db3', "SELECT COUNT(*) FROM mysql.user WHERE User = 'runbook_scratch'")).toBe(0);
        expect(readdirSync(stored.scratch.folder)).toEqual([]);
        await caughtUp(lab, 'db3', 'db1');
        await expectReplica(lab, 'db3', 'db1');
        await settle({ primary: 'db1' });
      } finally {
        await stored.close();
      }
    }),
  900_000,
);
