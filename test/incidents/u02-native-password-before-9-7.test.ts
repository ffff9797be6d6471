import { rows, value } from '../../lab/sql';
import { hasMaven } from '../support/old-fleet';
import { upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;

onOldServers(
  '8.0 to 9.7: the skipped release needs a reason, mysql_native_password is found beforehand, and who goes on all the same is stopped with the primary untouched',
  () =>
    upgradeScene({ blue: '8.0.12', green: '9.7', greenServers: 1 }, async ({ fleets, start, acknowledgedBy }) => {
      await acknowledgedBy('db1');
      expect(await (await start({ to: '9.7' })).result()).toMatchObject({
        outcome: 'refused',
        headline: expect.stringContaining('8.0 to 9.7 skips 8.4, which MySQL does not support') as string,
      });

      const forced = await start({ to: '9.7', forced: 'tried in staging' });
      await forced.approve(/^upgrade orders from 8\.0 to 9\.7/);
      const report = await forced.result();
      expect(report.evidence.join('\n')).toMatch(
        /forced past: 'app'@'%' \(orders\): mysql_native_password is gone: .*stops replication.*ALTER USER/,
      );
      expect(report).toMatchObject({
        outcome: 'failed',
        headline: expect.stringMatching(
          /^Not switched, db1 is the primary as before: .*applier of db3 stopped/,
        ) as string,
      });
      expect(await rows(fleets.at('db3').root, 'SHOW REPLICA STATUS')).toEqual([]);
      expect(await value(fleets.at('db1').root, 'SELECT @@global.read_only')).toBe(0);
      await acknowledgedBy('db1');
    }),
  240_000,
);
