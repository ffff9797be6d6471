import { rows, value } from '../../lab/sql';
import { hasMaven } from '../support/old-fleet';
import { upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;

onOldServers(
  '8.0 to 9.7: the skipped release needs a reason, mysql_native_password is found beforehand, and no reason lets anybody pass whose accounts would be locked out',
  () =>
    upgradeScene({ blue: '8.0.12', green: '9.7', greenServers: 1 }, async ({ fleets, start, acknowledgedBy }) => {
      await acknowledgedBy('db1');
      expect(await (await start({ to: '9.7' })).result()).toMatchObject({
        outcome: 'refused',
        headline: expect.stringContaining('8.0 to 9.7 skips 8.4, which MySQL does not support') as string,
      });

      const report = await (await start({ to: '9.7', forced: 'tried in staging' })).result();
      expect(report).toMatchObject({ outcome: 'refused' });
      expect(report.left.join('\n')).toMatch(
        /accounts of db2 log in by mysql_native_password, which db3 \(9\.7\S+\) does not have: .*'app'@'%'/,
      );
      expect(report.left.join('\n')).toMatch(/'app'@'%' \(orders\): mysql_native_password is gone: .*ALTER USER/);
      expect(await rows(fleets.at('db3').root, 'SHOW REPLICA STATUS')).toEqual([]);
      expect(await value(fleets.at('db1').root, 'SELECT @@global.read_only')).toBe(0);
      await acknowledgedBy('db1');
    }),
  240_000,
);
