import { incident } from './incident';
import { expectNoRun, watcherSays } from './standing';

test('F4: only the observer is cut off from the primary; it says "we are the blind one" and nothing is failed over', () =>
  incident({ links: true }, async (scene) => {
    const { faults, lab, load, start, settle } = scene;
    for (const kind of ['blackhole', 'refuse'] as const) {
      await faults.link('worker1', 'db1', { kind });
      await watcherSays(scene, /we cannot reach db1 \(.+\), but db2, db3 still hears it: we are the blind one/);
    }
    await expectNoRun(scene);

    // An alert is a hint: a person who starts the runbook gets the same answer.
    const told = await start();
    expect(told.outcome).toBe('stood down');
    expect(told.decisions).toEqual([expect.stringMatching(/^unreachable from here only: .*we are the blind one/)]);
    expect(told.headline).toMatch(/nothing was changed/);
    expect(told.newPrimary).toBeNull();
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await faults.healLinks();
    await watcherSays(scene, /db1 is well/);
    await settle({ primary: 'db1' });
  }));
