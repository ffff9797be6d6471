import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunbookReport } from '../../workflows/decisions/report';
import { caughtUp } from '../support/wait';
import { workersThatDieEverywhere } from './faulty-worker';
import { incident } from './incident';
import { beginFilling, declareProvisioning, emptied } from './provisioning';
import { expectReplica } from './rejoining';

const folder = mkdtempSync(join(tmpdir(), 'mrt-p05-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Around every statement that cannot be taken back. At `clone:started` the statement is on its way: the clone lives on without us. */
const POINTS = [
  ...['recipient:begin', 'recipient:ready', 'openRecipient:done', 'clone:begin', 'clone:prepared', 'clone:started'],
  ...['clone:away', 'clone:completed', 'cloneFrom:done', 'copied:begin', 'copied:forgotten', 'settleCopy:done'],
  ...['close:read-only', 'repoint:changed', 'repointReplica:done', 'advance:done', 'compare:begin', 'compare:stopped'],
  ...['compare:together', 'compareSample:done', 'settleRejoined:done', 'shareReads:done', 'routeReads:done'],
];

test(
  'P5: the only worker is killed at every point of one filling; the copy is made once, and nothing is left half done',
  () =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, faults, settle } = scene;
      declareProvisioning(lab);
      await load.stop();
      await emptied(lab, 'db3');
      for (const worker of [...lab.state.workers]) await faults.killWorker(worker);
      const run = await beginFilling(scene, { instance: 'db3' });
      const met = await workersThatDieEverywhere(lab, run, join(folder, 'everywhere'));
      const told = (await run.result()) as RunbookReport;
      expect(told).toMatchObject({ outcome: 'done', left: [] });
      expect(POINTS.filter((point) => !met.includes(point))).toEqual([]);
      expect(told.steps.filter(({ title }) => title.startsWith('Fill db3'))).toHaveLength(1);
      await caughtUp(lab, 'db3', 'db1');
      await expectReplica(lab, 'db3', 'db1');
      await settle({ primary: 'db1' });
    }),
  900_000,
);
