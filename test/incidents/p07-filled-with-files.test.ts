import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab } from '../../lab';
import { type RunbookReport } from '../../workflows/decisions/report';
import { caughtUp } from '../support/wait';
import { installXtraBackup, isStandIn } from '../support/xtrabackup/install';
import { editInventory } from './drilling';
import { workersThatDieEverywhere } from './faulty-worker';
import { incident } from './incident';
import { beginFilling, declareProvisioning, emptied, provision } from './provisioning';
import { executedOn, expectReplica } from './rejoining';

const folder = mkdtempSync(join(tmpdir(), 'mrt-p07-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** XtraBackup on the hosts, with a login at db2. Returns its folder. */
function withXtraBackup(lab: Lab): string {
  const { policy } = installXtraBackup(lab, 'db2');
  editInventory(lab, ({ clusters }) =>
    Object.assign(clusters[lab.cluster]!['backups'] as object, { physical: policy }),
  );
  declareProvisioning(lab);
  return policy.folder;
}

const wanted = { instance: 'db3', strategy: 'physical', donor: 'db2' };
const besides = (lab: Lab) => readdirSync(lab.server('db3').folder).filter((name) => name.startsWith('data.'));

test(
  'P7: a server is filled with the files of a replica: it stays who it is, and its old data goes when it answers',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, settle } = scene;
      withXtraBackup(lab);
      await emptied(lab, 'db3');
      const told = await provision(scene, wanted);
      expect(told).toMatchObject({
        outcome: 'done',
        headline: 'db3 replicates from db1, has caught up, and holds what db2 holds',
        left: [],
      });
      expect(told.steps.find(({ title }) => title === 'Fill db3 by physical from db2')?.detail).toMatch(
        /in \d+ s; db3 holds what db2 had at .*; XtraBackup/,
      );
      expect(await lab.value('db3', 'SELECT @@server_uuid')).toBe(lab.server('db3').uuid);
      expect(besides(lab)).toEqual([]);
      await load.stop();
      await caughtUp(lab, 'db3', 'db1');
      await expectReplica(lab, 'db3', 'db1');
      await settle({ primary: 'db1' });
    }),
  300_000,
);

(isStandIn ? test : test.skip)(
  'P7: where the files cannot be unpacked, the old data is back, and the donor is as it was',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, settle } = scene;
      const tool = withXtraBackup(lab);
      await load.stop();
      await caughtUp(lab, 'db3', 'db1');
      const before = await executedOn(lab, 'db3');
      writeFileSync(join(tool, 'disk-is-full'), '');
      const told = await provision(scene, { ...wanted, rebuild: true });
      expect(told.outcome).toBe('failed');
      expect(told.headline).toMatch(
        /xbstream on the host of db3 .*No space left on device; db3 has its old data again/,
      );
      expect(await executedOn(lab, 'db3')).toBe(before);
      expect(besides(lab)).toEqual([]);
      await caughtUp(lab, 'db2', 'db1');
      rmSync(join(tool, 'disk-is-full'));
      expect(await provision(scene, { ...wanted, rebuild: true })).toMatchObject({ outcome: 'done', left: [] });
      await expectReplica(lab, 'db3', 'db1');
      await settle({ primary: 'db1' });
    }),
  300_000,
);

/** What a death leaves behind differs at each of these. */
const POINTS = ['begin', 'stopped', 'emptied', 'received', 'prepared', 'complete', 'started', 'answers', 'old-gone'];

test(
  'P7: the only worker is killed at every point; files that were complete are not copied again',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, faults, settle } = scene;
      const tool = withXtraBackup(lab);
      await load.stop();
      await emptied(lab, 'db3');
      for (const worker of [...lab.state.workers]) await faults.killWorker(worker);
      const run = await beginFilling(scene, wanted);
      const met = await workersThatDieEverywhere(lab, run, join(folder, 'everywhere'));
      const told = (await run.result()) as RunbookReport;
      expect([told.headline, told.outcome, told.left]).toEqual([told.headline, 'done', []]);
      expect(POINTS.filter((point) => !met.includes(`files:${point}`))).toEqual([]);
      // Three deaths lie between a copy and its last file.
      if (isStandIn) expect(readFileSync(join(tool, 'copies'), 'utf8')).toBe('...');
      expect(besides(lab)).toEqual([]);
      await caughtUp(lab, 'db3', 'db1');
      await expectReplica(lab, 'db3', 'db1');
      await settle({ primary: 'db1' });
    }),
  900_000,
);
