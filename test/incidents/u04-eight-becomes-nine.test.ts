import { rows, runAll, value } from '../../lab/sql';
import { writersOf } from '../../lab/haproxy';
import { hasMaven } from '../support/old-fleet';
import { FORCED, readyFor97, upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;
/** `library` is a reserved word since 9.2. */
const OF_AN_APPLICATION = 'SELECT COUNT(*) AS library FROM orders WHERE writer = 1';

onOldServers(
  '8.0 becomes 9.7 under load: old passwords are found beforehand, the new server is filled by a dump, a statement that would fail is told, and 1,000 rows come back to 8.0',
  () =>
    upgradeScene(
      { blue: '8.0.12', green: '9.7', greenServers: 1 },
      async ({ fleets, clients, start, acknowledgedBy, missingOn, goesBackWithRows }) => {
        const root = (name: string) => fleets.at(name).root;
        await acknowledgedBy('db1');
        const refused = await (await start(FORCED)).result();
        expect(refused.outcome).toBe('refused');
        expect(refused.left.join('\n')).toMatch(
          /accounts of db2 log in by mysql_native_password, which db3 \(9\.7\S+\) does not have: .*'app'@'%'.*ALTER USER/,
        );

        await readyFor97(fleets);
        await runAll(root('db1'), ['USE shop', OF_AN_APPLICATION]);
        const upgrade = await start(FORCED);
        await upgrade.approve(/^upgrade orders from 8\.0 to 9\.7/);
        await upgrade.approve(/^Move the primary from db1 \(8\.0\) to db3 \(9\.7\)\?$/);
        await upgrade.inPhase('watch');
        await acknowledgedBy('db3');
        expect(await writersOf(fleets.haproxy)).toEqual(['db3']);
        const [back] = await rows(root('db1'), 'SHOW SLAVE STATUS');
        expect(back).toMatchObject({ Slave_IO_Running: 'Yes', Slave_SQL_Running: 'Yes' });

        await goesBackWithRows(upgrade);
        await upgrade.approve(/^Move the primary from db1/);
        await acknowledgedBy('db3');
        await upgrade.approve(/^Retire db1, db2/);
        const report = await upgrade.result();
        expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
        expect(report.steps.map(({ title }) => title)).toContain('Fill db3 by logical from db2');
        const evidence = report.evidence.join('\n');
        expect(evidence).toMatch(/rows of \d+ tables are compared/);
        expect(evidence).not.toMatch(/^differs:/m);
        expect(evidence).toMatch(/breaks: .*fails on the new release.*LIBRARY: write it in backquotes/i);
        await clients.stop();
        expect(await missingOn('db3')).toEqual([]);
        expect(await value(root('db3'), 'SELECT VERSION()')).toMatch(/^9\.7/);
      },
    ),
  300_000,
);
