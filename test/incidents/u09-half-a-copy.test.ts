import { rows, runAll } from '../../lab/sql';
import { RunbookError } from '../../activities/errors';
import { cancelUpdate } from '../../workflows/messages';
import { hasMaven } from '../support/old-fleet';
import { FORCED, readyFor97, upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;

onOldServers(
  'a copy for the new server breaks off half way: the run leaves it, the next one asks whether that half may be dropped, and fills it anew',
  () => {
    const broken = { yet: false };
    return upgradeScene(
      {
        ...{ blue: '8.0.12', green: '9.7', greenServers: 1 },
        checkpoint(name) {
          if (name !== 'logical:loaded' || broken.yet) return;
          broken.yet = true;
          // What ends a copy by itself empties the server behind it; this is one that could not.
          throw new RunbookError({ code: 'COPY_UNUSABLE', message: 'the link broke', hint: 'Mend it.' });
        },
      },
      async ({ fleets, start, acknowledgedBy, missingOn, clients }) => {
        const green = fleets.at('db3').root;
        await acknowledgedBy('db1');
        await readyFor97(fleets);
        const first = await start(FORCED);
        await first.approve(/^upgrade orders from 8\.0 to 9\.7/);
        expect(await first.result()).toMatchObject({
          outcome: 'failed',
          headline: expect.stringMatching(/^Not switched, db1 is the primary as before: .*the link broke/) as string,
          left: expect.arrayContaining([
            expect.stringMatching(/^db3 may hold half of a copy: start .* again/),
          ]) as string[],
        });
        expect(await rows(green, "SHOW DATABASES LIKE 'shop'")).toHaveLength(1);

        const second = await start(FORCED);
        const question = await second.asked(/^upgrade orders from 8\.0 to 9\.7/);
        expect(question.because.join('\n')).toMatch(
          /db3 holds half of a copy from db2 of [\d :-]+ and nothing of its own: it is dropped/,
        );
        await second.approve(/^upgrade orders from 8\.0 to 9\.7/);
        await second.asked(/^Move the primary from db1/);
        expect(await rows(green, "SHOW TABLES IN runbooks LIKE 'filling'")).toEqual([]);
        await second.handle.executeUpdate(cancelUpdate, { args: [{ by: 'ada' }] });
        await second.result();
        await clients.stop();
        expect(await missingOn('db1')).toEqual([]);
      },
    );
  },
  300_000,
);

onOldServers(
  'data that no copy has left there is dropped by nobody',
  () =>
    upgradeScene({ blue: '8.0.12', green: '9.7', greenServers: 1 }, async ({ fleets, start, acknowledgedBy }) => {
      await acknowledgedBy('db1');
      await readyFor97(fleets);
      const somebody = ['CREATE DATABASE of_somebody', 'RESET BINARY LOGS AND GTIDS'];
      const [opened, closed] = ['OFF', 'ON'].map((to) => `SET GLOBAL super_read_only = ${to}`) as [string, string];
      await runAll(fleets.at('db3').root, [opened, ...somebody, closed]);
      const report = await (await start(FORCED)).result();
      expect(report.outcome).toBe('refused');
      expect(report.left.join('\n')).toMatch(/db3 has data \(of_somebody\) and no GTID: nobody can tell/);
      expect(await rows(fleets.at('db3').root, "SHOW DATABASES LIKE 'of_somebody'")).toHaveLength(1);
    }),
  240_000,
);
