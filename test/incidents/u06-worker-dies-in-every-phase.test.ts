import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { value } from '../../lab/sql';
import { type WorkerOptions } from '../../lab/worker';
import { hasMaven } from '../support/old-fleet';
import { workersThatDieEverywhere } from './faulty-worker';
import { type Upgrading, type UpgradeScene, upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;

/** One of each phase at the least: a death leaves something else behind at each. */
const POINTS = [
  ...['precheckUpgrade:done', 'repoint:changed', 'advance:done', 'compare:held', 'tryQueries:called'],
  ...['switch:held', 'switch:frozen', 'switch:open', 'switch:routed', 'watchLinks:called', 'detach:stopped'],
];

/** Agrees to everything, and goes back once; repeats what was said to a worker that died. Returns what a return had lost. */
async function person(upgrade: Upgrading, { missingOn }: UpgradeScene, done: Promise<unknown>): Promise<number[]> {
  const state = { over: false, returned: false };
  void done.finally(() => (state.over = true)).catch(() => undefined);
  const lost: number[] = [];
  while (!state.over) {
    await pause(100);
    const question = await upgrade.progress().then(
      (seen) => seen.question,
      () => null,
    );
    if (!question) continue;
    if (question.text.startsWith('Retire') && !state.returned) {
      state.returned = await upgrade.goBack().then(
        () => true,
        () => false,
      );
      continue;
    }
    if (state.returned && lost.length === 0 && question.text.startsWith('Move'))
      lost.push((await missingOn('db1')).length);
    await upgrade.approve(/./).catch(() => undefined);
  }
  return lost;
}

onOldServers(
  'a worker dies at every point of an upgrade from 5.7 to 8.0, there, back and there again: no acknowledged row is lost, one server at a time takes the writes, and 5.7 is retired',
  () =>
    upgradeScene({ blue: '5.7.22', green: '8.0.12', greenServers: 1, workers: 'processes' }, async (scene) => {
      const { fleets, clients, beside, start, acknowledgedBy, missingOn } = scene;
      const upgrade = await start();
      const workers = { startWorker: (options: WorkerOptions) => beside!.startWorker(options), faults: beside! };
      const dying = workersThatDieEverywhere(workers, upgrade.handle, join(fleets.folder, 'points'));
      const [met, lost] = await Promise.all([dying, person(upgrade, scene, dying)]);
      const report = await upgrade.result();
      expect([report.outcome, report.headline]).toEqual([
        'done',
        'orders runs 8.0: db3 is the primary, there is no way back to 5.7',
      ]);
      expect(met).toEqual(expect.arrayContaining(POINTS));
      expect(lost).toEqual([0]);
      await acknowledgedBy('db3');
      await clients.stop();
      expect(await missingOn('db3')).toEqual([]);
      const [first, second] = await Promise.all(
        ['db1', 'db3'].map(async (name) => String(await value(fleets.at(name).root, 'SELECT @@server_uuid'))),
      );
      const inTurn = clients.acknowledged.map(({ by }) => by).filter((by, at, all) => by !== all[at - 1]);
      expect(inTurn).toEqual([first, second, first, second]);
      for (const name of ['db1', 'db2'])
        expect(await value(fleets.at(name).root, 'SELECT @@global.super_read_only')).toBe(1);
    }),
  1_500_000,
);
