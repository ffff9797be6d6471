import { incident } from './incident';
import { switchOver } from './switching';

test('S10: a router does not answer; a planned switchover is refused with its name, and nothing is touched', () =>
  incident({ watched: false }, async (scene) => {
    const { faults, lab, load, settle } = scene;
    faults.hangRouter();
    const told = await switchOver(scene, { to: 'db2' });
    faults.wakeRouter();

    expect(told.outcome).toBe('refused');
    expect(told.left.join('\n')).toMatch(/haproxy-1/);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await settle({ primary: 'db1' });
  }));
