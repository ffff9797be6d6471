import { rows, value } from '../../lab/sql';
import { cancelUpdate } from '../../workflows/messages';
import { hasMaven } from '../support/old-fleet';
import { upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;

/** Something that a test holds until it lets go. */
function held() {
  let letGo: () => void = () => undefined;
  let reached: () => void = () => undefined;
  const until = new Promise<void>((resolve) => (letGo = resolve));
  const isReached = new Promise<void>((resolve) => (reached = resolve));
  return { until, isReached, letGo: () => letGo(), reach: () => reached() };
}

onOldServers(
  'called off while a new server is about to follow: it says what that costs, the step in hand ends first, no new server replicates, no client noticed; started again it goes on to its question',
  () => {
    const hand = held();
    return upgradeScene(
      {
        ...{ blue: '5.7.22', green: '8.0.12' },
        activities: (real) => ({
          async repointReplica(order) {
            if (order.replica === 'db4') {
              hand.reach();
              await hand.until;
            }
            return real.repointReplica(order);
          },
        }),
      },
      async ({ fleets, clients, start, acknowledgedBy, missingOn }) => {
        await acknowledgedBy('db1');
        const upgrade = await start();
        await hand.isReached;
        const { phase } = await upgrade.progress();
        expect(phase).toBe('build');
        await upgrade.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ada', reason: 'too late today' }] });
        hand.letGo();
        const report = await upgrade.result();
        expect(report).toMatchObject({
          outcome: 'rejected',
          headline: 'Called off by ada: too late today: db1 is the primary, orders runs 5.7',
        });
        expect(report.decisions.join('\n')).toMatch(
          /ada: too late today calls it off: what has begun on a server, .*, is carried to its end; then db3 and db4 stop replicating/,
        );
        for (const name of ['db3', 'db4']) {
          expect(await rows(fleets.at(name).root, 'SHOW SLAVE STATUS')).toEqual([]);
          expect(await value(fleets.at(name).root, 'SELECT @@global.super_read_only')).toBe(1);
        }
        await acknowledgedBy('db1');

        const again = await start();
        await again.asked(/^Move the primary from db1/);
        await again.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ada' }] });
        expect((await again.result()).outcome).toBe('rejected');
        await acknowledgedBy('db1');
        await clients.stop();
        expect(await missingOn('db1')).toEqual([]);
      },
    );
  },
  240_000,
);
