import { eventually } from '../support/wait';
import { incident } from './incident';
import { notReceived } from './standing';

test('F6: the replicas received different amounts; the furthest is promoted and the other catches up from it', () =>
  incident({}, async (scene) => {
    const { faults, lab, load, report, settle } = scene;
    await lab.rows('db2', 'STOP REPLICA IO_THREAD');
    await eventually('db2 lacks 50 transactions', async () => (await notReceived(scene, 'db1', 'db2')) >= 50);
    await faults.kill('db1');
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.newPrimary).toBe('db3');
    expect(told.decisions.at(-1)).toMatch(/db3 holds everything that any sound replica received/);
    expect(told.plan?.lines.join('\n')).toMatch(/2\. db2: lacks \d\d+ transactions/);
    expect(told.rpo).toMatchObject({ provablyZero: true, lost: '' });
    await load.nextAcknowledgement(undefined, lab.server('db3').uuid);
    await settle({ primary: 'db3' });
  }));
