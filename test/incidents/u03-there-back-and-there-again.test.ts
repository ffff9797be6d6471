import { rows, value } from '../../lab/sql';
import { writersOf } from '../../lab/haproxy';
import { hasMaven } from '../support/old-fleet';
import { upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;

onOldServers(
  '5.7 becomes 8.0 under load: 1,000 writes on the new side are all there when somebody goes back, and forward again until 5.7 is retired',
  () =>
    upgradeScene(
      { blue: '5.7.22', green: '8.0.12' },
      async ({ fleets, clients, start, acknowledgedBy, missingOn, goesBackWithRows }) => {
        await acknowledgedBy('db1');
        const upgrade = await start();
        await upgrade.approve(/^Move the primary from db1 \(5\.7\) to db3 \(8\.0\)\?$/);
        await upgrade.inPhase('watch');
        await acknowledgedBy('db3');
        expect(await writersOf(fleets.haproxy)).toEqual(['db3']);
        const [back] = await rows(fleets.at('db1').root, 'SHOW SLAVE STATUS');
        expect(back).toMatchObject({
          Slave_IO_Running: 'Yes',
          Slave_SQL_Running: 'Yes',
          Master_Port: fleets.at('db3').port,
        });
        const [below] = await rows(fleets.at('db2').root, 'SHOW SLAVE STATUS');
        expect(below).toMatchObject({ Master_Port: fleets.at('db1').port });

        expect(await goesBackWithRows(upgrade)).toMatch(
          /one more switchover, from db3 to db1: .* is on db1 before it opens/,
        );
        expect(await writersOf(fleets.haproxy)).toEqual(['db1']);

        await upgrade.approve(/^Move the primary from db1/);
        await acknowledgedBy('db3');
        await upgrade.approve(/^Retire db1, db2/);
        const report = await upgrade.result();
        expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
        expect(report.headline).toBe('orders runs 8.0: db3 is the primary, there is no way back to 5.7');
        expect(report.evidence.join('\n')).toMatch(/rows of \d+ tables are compared/);
        await acknowledgedBy('db3');
        for (const name of ['db1', 'db2']) {
          expect(await rows(fleets.at(name).root, 'SHOW SLAVE STATUS')).toEqual([]);
          expect(await value(fleets.at(name).root, 'SELECT @@global.super_read_only')).toBe(1);
        }
        await clients.stop();
        expect(await missingOn('db3')).toEqual([]);
      },
    ),
  280_000,
);
