import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCatalogue } from '../../activities/backups/catalogue';
import { openStore } from '../../activities/backups/store/open';
import { isAlive } from '../../lab/processes';
import { type RunbookReport } from '../../workflows/decisions/report';
import { TASK_QUEUE } from '../../workflows/messages';
import { eventually, replicaState } from '../support/wait';
import { incident } from './incident';

const POINTS = [
  ['backUp', 'backup:still'],
  ['backUp', 'backup:tables'],
  ['backUp', 'backup:manifest'],
  ['verifyBackup', 'verify:restored'],
  ['verifyBackup', 'verify:followed'],
] as const;

test(
  'a worker dies in a backup and in its verification: the next finishes, the replica applies, nothing is left about',
  () =>
    incident({ workers: [], watched: false }, async ({ lab, client }) => {
      const store = await openStore({ kind: 'folder', path: join(lab.folder, 'backups') }, () => Promise.resolve(''));
      const scratches = () => {
        const folder = join(lab.folder, 'scratch');
        return existsSync(folder) ? readdirSync(folder) : [];
      };
      for (const [runbook, point] of POINTS) {
        const dying = await lab.startWorker({ faultAt: point });
        const run = await client.workflow.start(runbook, {
          workflowId: `test/${point.replace(':', '-')}`,
          taskQueue: TASK_QUEUE,
          args: [{ cluster: lab.cluster }],
        });
        await eventually('the worker has died', () => !isAlive(dying), 60_000);
        if (point === 'backup:still') expect((await replicaState(lab, 'db2'))?.applier).toBe('No');
        if (point === 'verify:restored') expect(scratches()).toHaveLength(1);
        await lab.faults.killWorker(dying);
        const next = await lab.startWorker();
        const told = (await run.result()) as RunbookReport;
        expect([point, told.outcome, told.headline]).toEqual([point, 'done', told.headline]);
        await lab.faults.killWorker(next);
        for (const replica of ['db2', 'db3']) expect((await replicaState(lab, replica))?.applier).toBe('Yes');
        expect(scratches()).toEqual([]);
        const { backups, unfinished } = await readCatalogue(store, lab.cluster);
        expect(unfinished).toEqual([]);
        if (runbook === 'verifyBackup') expect(backups.at(-1)?.verified?.verdict).toBe('proven');
      }
    }),
  280_000,
);
