import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { observerDetails } from '../../activities/observe/last-seen';
import { isAlive } from '../../lab/processes';
import { reportOf } from '../../lab/follow-run';
import { eventually } from '../support/wait';
import { begin, pointsMet, workersThatDieEverywhere } from './faulty-worker';
import { incident } from './incident';

const folder = mkdtempSync(join(tmpdir(), 'mrt-f23-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Between the statements of a step and the record of its result, and behind each that cannot be taken back. */
test.each(['fence:receivers stopped', 'open:writes open', 'openPrimary:done', 'route:haproxy-1 pointed'])(
  'F23: a worker is killed at "%s", and another that was running takes over',
  (point) => {
    const met = join(folder, point.replaceAll(/\W/g, '-'));
    const dying = { faultAt: point, env: { RUNBOOK_FAULT_ONCE: met } };
    return incident({ workers: [dying, dying] }, async ({ lab, faults, report, load, settle }) => {
      await faults.kill('db1');
      const told = await report();

      expect(pointsMet(met)).toEqual([point]);
      expect(lab.state.workers.filter((worker) => isAlive(worker))).toHaveLength(1);
      expect(told).toMatchObject({ outcome: 'done' });
      const opened = told.newPrimary ?? '';
      await load.nextAcknowledgement(undefined, lab.server(opened).uuid);
      expect(await lab.value(opened, 'SELECT COUNT(*) FROM runbooks.epoch')).toBe(2); // the lab's own and one more
      await settle({ primary: opened });
    });
  },
);

test(
  'F23: the only worker is killed at every point of one failover and started again each time; the run goes on to its end',
  () =>
    incident({ watched: false, workers: [] }, async ({ client, lab, faults, load, settle }) => {
      await faults.kill('db1');
      const run = await begin({ client, lab });
      const met = await workersThatDieEverywhere(lab, run, join(folder, 'everywhere'));
      const told = await reportOf(run);

      for (const step of ['look', 'fence', 'open', 'repoint', 'route']) expect(met.join()).toContain(`${step}:`);
      for (const activity of ['fenceOldPrimary', 'openPrimary', 'routeWrites', 'settleNewPrimary', 'writeReport'])
        expect(met).toEqual(expect.arrayContaining([`${activity}:called`, `${activity}:done`]));
      expect(told).toMatchObject({ outcome: 'done' });
      const opened = told.newPrimary ?? '';
      expect(told.left.filter((line) => line.includes('did not succeed'))).toEqual([]);
      await load.nextAcknowledgement(undefined, lab.server(opened).uuid);
      expect(await lab.value(opened, 'SELECT COUNT(*) FROM runbooks.epoch')).toBe(2);
      await settle({ primary: opened });
    }),
  600_000,
);

test('F23: the worker that observes is killed, and the observer speaks again from the other one', () =>
  incident({ workers: [{}, {}] }, async ({ client, lab, faults, report, load, settle }) => {
    const observer = async () => {
      const pid = Number((await observerDetails(client, lab.cluster))?.observer.split(':').at(-1));
      return lab.state.workers.find((worker) => worker.pid === pid);
    };
    const first = await eventually('an observer speaks', observer);
    await faults.killWorker(first);
    await eventually('it speaks from the other worker', observer);

    await faults.kill('db1');
    const told = await report();
    expect(told).toMatchObject({ outcome: 'done', startedBy: 'watchCluster' });
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
    await settle();
  }));
