import { eventually } from '../support/wait';
import { incident } from './incident';
import { notReceived } from './standing';

test('F17: a replica says Seconds_Behind_Source 0 while its link holds back what it never received; it is judged by GTID', () =>
  incident({ links: true, promotion: { db2: 'prefer' } }, async (scene) => {
    const { faults, lab, load, report, settle } = scene;
    await faults.link('db2', 'db1', { kind: 'slow', bytesPerSecond: 5_000 });
    await eventually(
      'db2 lacks 100 transactions and does not know it',
      async () => {
        const [status] = await lab.rows('db2', 'SHOW REPLICA STATUS');
        return Number(status?.['Seconds_Behind_Source']) === 0 && (await notReceived(scene, 'db1', 'db2')) >= 100;
      },
      60_000,
    );
    await faults.kill('db1');
    await faults.link('db2', 'db1', { kind: 'refuse' }); // its host is gone, with all that was on its way
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.newPrimary).toBe('db2');
    expect(told.decisions.at(-1)).toMatch(/db2 is chosen and first fetches from db3, which received more/);
    expect(told.plan?.lines[0]).toMatch(/1\. db2: lacks \d\d+ transactions/);
    expect(told.rpo).toMatchObject({ provablyZero: true, lost: '' });
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    await settle({ primary: 'db2' });
  }));
