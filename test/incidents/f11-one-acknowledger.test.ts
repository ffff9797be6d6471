import { eventually } from '../support/wait';
import { incident } from './incident';
import { notReceived } from './standing';

test('F11: exactly one replica acknowledged the last writes over the faster link; its data wins', () =>
  incident({ links: true }, async (scene) => {
    const { faults, lab, load, report, settle } = scene;
    await faults.link('db2', 'db1', { kind: 'slow', bytesPerSecond: 5_000 });
    await eventually('db2 lacks 100 transactions', async () => (await notReceived(scene, 'db1', 'db2')) >= 100);
    await load.nextAcknowledgement();
    await faults.kill('db1');
    await faults.link('db2', 'db1', { kind: 'refuse' }); // its host is gone, with all that was on its way
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.newPrimary).toBe('db3');
    expect(told.decisions.at(-1)).toMatch(/db3 holds everything that any sound replica received/);
    expect(told.rpo).toMatchObject({ provablyZero: true, lost: '' });
    await load.nextAcknowledgement(undefined, lab.server('db3').uuid);
    await settle({ primary: 'db3' });
  }));
