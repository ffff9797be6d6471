import { incident } from './incident';
import { switchOver } from './switching';

test('S2, S4: a table lock, a long transaction and a prepared XA transaction are found before anything is frozen, and named with their session', () =>
  incident({ watched: false, perSecond: 20 }, async (scene) => {
    const { lab, faults, load, settle } = scene;
    const release = await faults.holdTableLock('db1', 'shop.orders');
    const locked = await switchOver(scene, { drainSeconds: 0 });
    expect(locked.outcome).toBe('refused');
    expect(locked.headline).toMatch(/session \d+ of .+ holds a table lock for \d+ s/);
    await release();

    const commit = await faults.prepareXa('db1');
    const prepared = await switchOver(scene, { drainSeconds: 0 });
    expect(prepared.outcome).toBe('refused');
    expect(prepared.left.join()).toMatch(/prepared XA transaction, .* could commit behind the freeze: XA COMMIT/);
    await commit();

    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    expect(await lab.value('db1', 'SELECT @@global.super_read_only')).toBe(0);
    await settle({ primary: 'db1' });
  }));
