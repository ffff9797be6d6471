import { setTimeout as pause } from 'node:timers/promises';
import { rows, runAll, value } from '../../lab/sql';
import { type TwoFleets } from '../../lab/two-fleets';
import { hasMaven } from '../support/old-fleet';
import { eventually } from '../support/wait';
import { upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;
const CURE = 'SET GLOBAL default_collation_for_utf8mb4 = utf8mb4_general_ci';

interface Sight {
  /** Older servers below newer ones, which must never be. */
  readonly wrong: readonly string[];
  readonly releases: ReadonlySet<string>;
}

/** Looks again and again who runs what below whom, while `story` goes on. */
async function lookOut({ names, at }: TwoFleets, story: () => Promise<void>): Promise<Sight> {
  const state = { over: false };
  const wrong: string[] = [];
  const releases = new Set<string>();
  const release = (name: string) =>
    value(at(name).root, 'SELECT VERSION()').then((version) => String(version).slice(0, 3));
  const looking = (async () => {
    while (!state.over) {
      for (const name of names) {
        const [status] = await rows(at(name).root, 'SHOW SLAVE STATUS').catch(() => []);
        const source = names.find((other) => at(other).port === status?.['Master_Port']);
        const pair = await Promise.all([name, source ?? name].map(release)).catch(() => []);
        const [own = '', its = ''] = pair;
        for (const one of pair) releases.add(one);
        // The way back alone leads against the releases.
        if (own < its && name !== 'db1') wrong.push(`${name} (${own}) below ${String(source)} (${its})`);
      }
      await pause(100);
    }
  })();
  await story().finally(async () => {
    state.over = true;
    await looking;
  });
  return { wrong, releases };
}

onOldServers(
  'three servers of 5.7 become 8.0 one by one in place, under load: each comes up again before the next, what would break the way back is asked about, there, back, there again, and the old primary is the last',
  () =>
    upgradeScene(
      { blue: '5.7.22', green: '8.0.12', blueServers: 3, greenServers: 0 },
      async ({ fleets, clients, start, acknowledgedBy, missingOn, goesBackWithRows }) => {
        const root = (name: string) => fleets.at(name).root;
        await acknowledgedBy('db1');
        const { wrong, releases } = await lookOut(fleets, async () => {
          const upgrade = await start({ mode: 'rolling' });
          const question = await upgrade.asked(/^The way back of orders would break: go on without it\?$/, 240_000);
          expect(question.because.join('\n')).toMatch(/default_collation_for_utf8mb4 is utf8mb4_0900_ai_ci on db2/);
          expect(['db1', 'db2', 'db3'].map((name) => fleets.at(name).version)).toEqual(['5.7.22', '8.0.12', '8.0.12']);
          for (const name of ['db2', 'db3']) {
            expect(await value(root(name), 'SELECT @@global.super_read_only')).toBe(1);
            await runAll(root(name), [CURE]);
          }

          await upgrade.approve(/^Move the primary from db1 \(5\.7\) to db2 \(8\.0\)\?$/);
          await acknowledgedBy('db2');
          await upgrade.asked(/^Retire db1 /);
          await goesBackWithRows(upgrade);
          await upgrade.approve(/^Move the primary from db1/);
          await acknowledgedBy('db2');
          await upgrade.approve(/^Retire db1 /);
          const report = await upgrade.result();
          expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db2', left: [] });
          const replaced = report.steps.filter(({ title }) => title.startsWith('Replace the program of'));
          expect(replaced.map(({ title, detail }) => [title, detail])).toEqual(
            ['db2', 'db3', 'db1'].map((name) => [`Replace the program of ${name} by 8.0`, 'it runs 8.0.12']),
          );
          await acknowledgedBy('db2');
          await clients.stop();
          expect(await missingOn('db2')).toEqual([]);
          await eventually('db1 has come up again', async () => (await missingOn('db1')).length === 0, 60_000);
          const [below] = await rows(root('db1'), 'SHOW SLAVE STATUS');
          expect(below).toMatchObject({ Master_Port: fleets.at('db2').port, Slave_SQL_Running: 'Yes' });
          expect(await value(root('db1'), 'SELECT @@global.super_read_only')).toBe(1);
        });
        expect([wrong, [...releases].sort()]).toEqual([[], ['5.7', '8.0']]);
      },
    ),
  600_000,
);
