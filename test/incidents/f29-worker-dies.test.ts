import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunbookReport } from '../../workflows/decisions/report';
import { begin, pointsMet, standsStillAt, stoodStill, workersThatDieEverywhere } from './faulty-worker';
import { incident } from './incident';
import { db1HasBeenReplaced, expectReplica, order, ordersOn, writeOn } from './rejoining';

const folder = mkdtempSync(join(tmpdir(), 'mrt-f29-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Behind every statement that cannot be taken back, and between each step and the record of its result. Not behind the end of the replay: the
 * server goes on by itself while no worker lives, and the next one finds it done.
 */
const POINTS = [
  ...['extras:closed', 'extras:copied', 'closeAndCopy:done', 'replay:begin', 'replay:channel made', 'replay:started'],
  ...['replayExtras:done', 'close:begin', 'close:read-only', 'closeForGood:done'],
  ...[
    'repoint:changed',
    'repointReplica:done',
    'advance:done',
    'rejoined:begin',
    'rejoined:lifted',
    'settleRejoined:done',
  ],
  ...['routeReads:done', 'writeReport:done'],
];

test(
  'F29: the only worker is killed at every point of one return with a taking over; nothing is applied twice and nothing is left half done',
  () =>
    incident({ watched: false }, async (scene) => {
      const { client, lab, faults, settle } = scene;
      const primary = await db1HasBeenReplaced(scene);
      await writeOn(lab, 'db1', order(1), order(2));
      for (const worker of [...lab.state.workers]) await faults.killWorker(worker);

      const run = await begin({ client, lab }, { instance: 'db1', extras: 'replay' }, 'rejoinInstance');
      const met = await workersThatDieEverywhere(lab, run, join(folder, 'everywhere'));
      const told = (await run.result()) as RunbookReport;
      expect(told).toMatchObject({ headline: `db1 replicates from ${primary} again and has caught up`, left: [] });
      expect(POINTS.filter((point) => !met.includes(point))).toEqual([]);
      expect(await ordersOn(lab, primary)).toBe('1 of-db1,2 of-db1');
      expect(await lab.rows(primary, 'SHOW REPLICA STATUS')).toEqual([]);
      await expectReplica(lab, 'db1', primary);
      await settle({ primary });
    }),
  600_000,
);

test('F29: the primary dies while a server comes back: the run stands aside, and the failover has the lock', () => {
  const met = join(folder, 'stood-still');
  return incident({ watched: false, workers: [standsStillAt(folder, 'close:read-only')] }, async (scene) => {
    const { client, lab, faults, start } = scene;
    const primary = await db1HasBeenReplaced(scene);
    const run = await begin({ client, lab }, { instance: 'db1' }, 'rejoinInstance');
    const goOn = await stoodStill(lab);
    await faults.kill(primary);
    goOn();
    expect(await run.result()).toMatchObject({ outcome: 'stood down' });
    expect(pointsMet(met)).toEqual(['close:read-only']);
    const told = await start();
    expect(told).toMatchObject({ outcome: 'done' });
    await scene.settle({ primary: told.newPrimary ?? '', quarantined: ['db1'] });
  });
});
