import { type WorkflowHandle } from '@temporalio/client';
import { type RunbookReport } from '../../workflows/decisions/report';
import { caughtUp } from '../support/wait';
import { incident } from './incident';
import { beginFilling, declareProvisioning, emptied, fillingSays, grow } from './provisioning';
import { expectReplica } from './rejoining';

/** What the running step says. */
const says = (run: WorkflowHandle, words: RegExp) =>
  fillingSays(run, ({ steps }) => steps.some(({ state, detail }) => state === 'running' && words.test(detail)));

test.each([
  ['clone', 'FILE COPY', /at most 1 MB\/s: db1 does not answer/],
  ['logical', 'as it is loaded', /stands still: db1 does not answer/],
])(
  'P9: %s: a donor that falls behind gives slowly, a cluster that is not well gets next to nothing or waits, and then it goes on',
  (strategy, copying, unwell) =>
    incident({ watched: false, durability: 'async' }, async (scene) => {
      const { lab, load, faults, settle } = scene;
      declareProvisioning(lab, { maxMegabytesPerSecond: 8, donorLagSeconds: 2 });
      await grow(lab, 160);
      await caughtUp(lab, 'db2', 'db1');
      await emptied(lab, 'db3');
      const run = await beginFilling(scene, { instance: 'db3', donor: 'db2', strategy });
      await says(run, new RegExp(`${copying} \\(at most 8 MB/s: as the inventory says\\)`));

      const letGo = await faults.holdApplier('db2', 'shop.orders');
      await says(run, /at most [124] MB\/s: db2 is more than 2 s behind/);
      await letGo();
      await says(run, /at most \d MB\/s: (db2 was behind|as the inventory says)/);

      faults.hang('db1');
      await says(run, unwell);
      faults.wake('db1');
      expect((await run.result()) as RunbookReport).toMatchObject({ outcome: 'done' });
      await load.stop();
      await caughtUp(lab, 'db3', 'db1');
      await expectReplica(lab, 'db3', 'db1');
      await settle({ primary: 'db1' });
    }),
  300_000,
);
