import { rows, runAll, value } from '../../lab/sql';
import { PASSWORD } from '../../lab/two-fleets';
import { writersOf } from '../../lab/haproxy';
import { hasMaven } from '../support/old-fleet';
import { eventually } from '../support/wait';
import { upgradeScene } from './upgrading';

const onOldServers = hasMaven ? test : test.skip;
const FORCED = { to: '9.7', forced: 'tried in staging' };
/** `library` is a reserved word since 9.2. */
const OF_AN_APPLICATION = 'SELECT COUNT(*) AS library FROM orders WHERE writer = 1';
const sha2 = (account: string) => `ALTER USER ${account} IDENTIFIED WITH caching_sha2_password BY '${PASSWORD}'`;

onOldServers(
  '8.0 becomes 9.7 under load: old passwords are found beforehand, the new server is filled by a dump, a statement that would fail is told, and 1,000 rows come back to 8.0',
  () =>
    upgradeScene(
      { blue: '8.0.12', green: '9.7', greenServers: 1 },
      async ({ fleets, clients, start, acknowledgedBy, missingOn }) => {
        const root = (name: string) => fleets.at(name).root;
        await acknowledgedBy('db1');
        const refused = await (await start(FORCED)).result();
        expect(refused.outcome).toBe('refused');
        expect(refused.left.join('\n')).toMatch(
          /accounts of db2 log in by mysql_native_password, which db3 \(9\.7\S+\) does not have: .*'app'@'%'.*ALTER USER/,
        );

        await runAll(root('db1'), [sha2("'app'@'%'"), sha2("'runbooks'@'%'")]);
        await runAll(root('db2'), ['STOP SLAVE', 'CHANGE MASTER TO GET_MASTER_PUBLIC_KEY = 1', 'START SLAVE']);
        await runAll(root('db1'), ['USE shop', OF_AN_APPLICATION]);
        const upgrade = await start(FORCED);
        await upgrade.approve(/^upgrade orders from 8\.0 to 9\.7/);
        await upgrade.approve(/^Move the primary from db1 \(8\.0\) to db3 \(9\.7\)\?$/);
        await upgrade.inPhase('watch');
        await acknowledgedBy('db3');
        expect(await writersOf(fleets.haproxy)).toEqual(['db3']);
        const [back] = await rows(root('db1'), 'SHOW SLAVE STATUS');
        expect(back).toMatchObject({ Slave_IO_Running: 'Yes', Slave_SQL_Running: 'Yes' });

        const since = clients.acknowledged.length;
        await eventually('1,000 rows are written on 9.7', () => clients.acknowledged.length - since >= 1_000, 90_000);
        await upgrade.goBack();
        await upgrade.asked(/^Move the primary from db1/);
        await acknowledgedBy('db1');
        expect(await missingOn('db1')).toEqual([]);

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
