import { incident } from './incident';
import { switchOver } from './switching';

test('S11: a replica cannot reach the candidate; it is noticed before anybody waits, and everything follows the primary as before', () =>
  incident({ watched: false, links: true }, async (scene) => {
    const { faults, load, lab, settle } = scene;
    await faults.link('db3', 'db2', { kind: 'refuse' });
    const told = await switchOver(scene, { to: 'db2' });

    expect(told.outcome).toBe('failed');
    expect(told.headline).toMatch(
      /^Not begun, db1 is the primary as before: db3 does not receive from its new source: /,
    );
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    const seen = await settle({ primary: 'db1' });
    expect(seen.failed).toEqual([]);
  }));
