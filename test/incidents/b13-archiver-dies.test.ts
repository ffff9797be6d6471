import { isAlive } from '../../lab/processes';
import { startLoad } from '../../lab/load';
import { type Lab } from '../../lab';
import { gtidsOf } from '../../workflows/decisions/archive/coverage';
import { count, parseGtidSet } from '../../workflows/decisions/gtid-set';
import { archiving } from '../support/archiving';
import { inLab } from '../support/lab';
import { eventually } from '../support/wait';
import { openPast, type Past } from './past';

/** A death leaves something else behind at each. */
const POINTS = [
  ...['archive:writing', 'archive:safe', 'archive:closing', 'archive:closed', 'archive:storing', 'archive:stored'],
  ...['archiveBinlogs:called'],
];

/** Nothing is lost, and no transaction is in two files. */
async function expectWhole({ shelf, archived }: Past): Promise<void> {
  await archived();
  const { files } = await shelf.coverage();
  const held = files.reduce((sum, { transactions }) => sum + transactions, 0);
  expect([held, files.length > 0]).toEqual([count(gtidsOf(files)), true]);
}

async function killed(lab: Lab, past: Past): Promise<void> {
  const worker = await lab.startWorker();
  const before = (await past.shelf.coverage()).files.length;
  await eventually('it archives', async () => (await past.shelf.coverage()).files.length > before, 60_000);
  await lab.faults.killWorker(worker);
}

test(
  'workers are killed while they archive, at every point and at any moment: the next one goes on, nothing is lost, nothing is there twice',
  () =>
    inLab({ replicas: 2, router: 'none', durability: 'async', temporal: true }, async (lab) => {
      const past = await openPast(lab);
      const load = startLoad(lab, { perSecond: 100 });
      try {
        for (const faultAt of POINTS) {
          const dying = await lab.startWorker({ faultAt });
          await eventually(`it dies at ${faultAt}`, () => !isAlive(dying), 60_000);
          await lab.faults.killWorker(dying);
        }
        for (let time = 0; time < 3; time += 1) await killed(lab, past);
        await lab.startWorker();
        await load.nextAcknowledgement();
        await load.stop();
        await expectWhole(past);
      } finally {
        await load.stop();
        await past.close();
      }
    }),
  400_000,
);

test(
  'a worker whose machine comes back with files that another has archived meanwhile does not store them again',
  () =>
    inLab({ replicas: 1, router: 'none', durability: 'async' }, async (lab) => {
      const one = await archiving(lab, { seconds: 1 });
      const { store } = one.cluster.backups ?? {};
      const other = await archiving(lab, { seconds: 1 }, store);
      const load = startLoad(lab, { perSecond: 50 });
      try {
        const came: string[] = [];
        const dying = one.run({
          die: (point) => {
            if (point !== 'archive:storing') return;
            came.push(point);
            throw new Error('it died before it stored');
          },
        });
        await eventually('a file waits', () => (one.said()?.filesWaiting ?? 0) > 2);
        await dying.stop();
        expect(came).not.toEqual([]);

        const others = other.run();
        await load.nextAcknowledgement();
        await load.stop();
        const executed = parseGtidSet(String(await lab.value('db1', 'SELECT @@global.gtid_executed')));
        const whole = async () => count(await one.stored()) >= count(executed);
        await eventually('the other has archived all', whole, 60_000);
        await others.stop();

        const back = one.run();
        await eventually('nothing waits', () => one.said()?.filesWaiting === 0);
        await back.stop();
        const { files } = await (await one.shelf()).coverage();
        const held = files.reduce((sum, { transactions }) => sum + transactions, 0);
        expect(held).toBe(count(gtidsOf(files)));
      } finally {
        await load.stop();
        await one.close();
        await other.close();
      }
    }),
  120_000,
);
