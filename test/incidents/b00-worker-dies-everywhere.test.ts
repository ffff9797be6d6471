import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCatalogue } from '../../activities/backups/catalogue';
import { openStore } from '../../activities/backups/store/open';
import { type RunbookReport } from '../../workflows/decisions/report';
import { TASK_QUEUE } from '../../workflows/messages';
import { replicaState } from '../support/wait';
import { workersThatDieEverywhere } from './faulty-worker';
import { incident } from './incident';

/** Points that each of them has to have met: a death leaves something else behind at each. */
const STORIES = [
  ['backUp', {}, ['backup:still', 'backup:snapshots', 'backup:tables', 'backup:counted', 'backup:manifest']],
  ['backUp', { kind: 'physical' }, ['backup:cloning', 'backup:still', 'backup:cloned', 'backup:stored']],
  ['verifyBackup', {}, ['verify:restored', 'verify:counted', 'verify:followed', 'verify:compared', 'verify:written']],
] as const;

test.each(STORIES)(
  'a worker dies at every point of %s %j: it is done, the replica applies, and nothing is left about',
  (runbook, order, points) =>
    incident({ workers: [], watched: false, perSecond: 20 }, async ({ lab, client }) => {
      const store = await openStore({ kind: 'folder', path: join(lab.folder, 'backups') }, () => Promise.resolve(''));
      const begin = (name: string, input: object) =>
        client.workflow.start(name, {
          ...{ workflowId: `test/${name}`, taskQueue: TASK_QUEUE, args: [{ cluster: lab.cluster, ...input }] },
        });
      if (runbook === 'verifyBackup') {
        const worker = await lab.startWorker();
        await (await begin('backUp', {})).result();
        await lab.faults.killWorker(worker);
      }
      const run = await begin(runbook, order);
      const met = await workersThatDieEverywhere(lab, run, join(lab.folder, 'points'));
      expect(met).toEqual(expect.arrayContaining([...points]));
      const told = (await run.result()) as RunbookReport;
      expect([told.outcome, told.headline]).toEqual(['done', told.headline]);
      for (const replica of ['db2', 'db3']) expect((await replicaState(lab, replica))?.applier).toBe('Yes');
      const { backups, unfinished } = await readCatalogue(store, lab.cluster);
      expect([backups.length, unfinished]).toEqual([1, []]);
      for (const folder of ['scratch', 'clones'].map((name) => join(lab.folder, name)))
        expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
    }),
  580_000,
);
