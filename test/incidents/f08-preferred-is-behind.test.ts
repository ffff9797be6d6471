import { eventually } from '../support/wait';
import { incident } from './incident';
import { notReceived } from './standing';

test('F8: the preferred candidate is behind; it is promoted only with what the other replica received', () =>
  incident({ promotion: { db2: 'prefer' } }, async (scene) => {
    const { faults, lab, load, report, settle } = scene;
    await lab.rows('db2', 'STOP REPLICA IO_THREAD');
    await eventually('db2 lacks 50 transactions', async () => (await notReceived(scene, 'db1', 'db2')) >= 50);
    await faults.kill('db1');
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.newPrimary).toBe('db2');
    expect(told.decisions.at(-1)).toMatch(/db2 is chosen and first fetches from db3, which received more/);
    expect(told.rpo).toMatchObject({ provablyZero: true, lost: '' });
    await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    await settle({ primary: 'db2' });
  }));
