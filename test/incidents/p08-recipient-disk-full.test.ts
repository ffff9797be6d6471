import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunbookReport } from '../../workflows/decisions/report';
import { caughtUp, replicaState } from '../support/wait';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident, type Scene } from './incident';
import { beginFilling, declareProvisioning, emptied, grow, provision } from './provisioning';
import { expectReplica, readers } from './rejoining';

const folder = mkdtempSync(join(tmpdir(), 'mrt-p08-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GROWN = 100;
const scene = (point: string): Scene => ({
  ...{ watched: false, durability: 'async', smallData: { db3: 500 } },
  workers: [standsStillAt(folder, point)],
});

test.each([
  ['clone', 'clone:prepared', /CLONE of db3 from db2 failed in .*: error \d+: .*db2 is as it was/],
  ['logical', 'logical:dropped', /db3 could not be filled from a dump of db2, which is as it was: .*full/],
])(
  'P8: the disk of the recipient gets full under %s: the run says its state and the cure, and goes through when there is room',
  (strategy, point, words) =>
    incident(scene(point), async (told) => {
      const { lab, load, faults, settle } = told;
      declareProvisioning(lab);
      await grow(lab, GROWN);
      await caughtUp(lab, 'db2', 'db1');
      await emptied(lab, 'db3');
      const order = { instance: 'db3', strategy, donor: 'db2' };

      const run = await beginFilling(told, order);
      const goOn = await stoodStill(lab, run.result() as Promise<RunbookReport>);
      const late = faults.fillDataDisk('db3', 20);
      goOn();
      const failed = (await run.result()) as RunbookReport;
      expect(failed.outcome).toBe('failed');
      expect(failed.headline).toMatch(words);
      expect(failed.headline).toMatch(/unusable.*Make room on the disk of the recipient/);
      expect(await replicaState(lab, 'db2')).toMatchObject({ receiver: 'Yes', applier: 'Yes' });
      expect(await readers(lab)).toEqual(['db2']);
      await late();

      expect(await provision(told, order)).toMatchObject({ outcome: 'done', left: [] });
      await load.stop();
      await caughtUp(lab, 'db3', 'db1');
      await expectReplica(lab, 'db3', 'db1');
      expect(await readers(lab)).toEqual(['db2', 'db3']);
      await settle({ primary: 'db1' });
    }),
  300_000,
);
