import { eventually } from '../support/wait';
import { incident } from './incident';
import { notReceived } from './standing';

test('F16: a delayed replica alone holds the last transactions; it is never promoted, the candidate takes them from it, and its delay is declared again', () =>
  incident({ delayed: { db3: 3600 } }, async (scene) => {
    const { faults, lab, load, report, settle } = scene;
    await lab.rows('db2', 'STOP REPLICA IO_THREAD');
    await eventually('db2 lacks 50 transactions', async () => (await notReceived(scene, 'db1', 'db2')) >= 50);
    await faults.kill('db1');
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.newPrimary).toBe('db2');
    expect(told.decisions.at(-1)).toMatch(/db2 is chosen and first fetches from db3, which received more/);
    expect(told.plan?.lines.join('\n')).toMatch(/db3: holds everything, \d+ to apply, .*barred: .*delayed by 3600 s/);
    expect(told.rpo).toMatchObject({ provablyZero: true, lost: '' });
    expect(told.left.join('\n')).toMatch(/the delay of 3600 s is declared again/);
    const [status] = await lab.rows('db3', 'SHOW REPLICA STATUS');
    expect(Number(status?.['SQL_Delay'])).toBe(3600);
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    await settle({ primary: 'db2' });
  }));
