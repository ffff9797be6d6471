import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-s06-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('S6: the candidate dies when it has taken writes; the old primary, which lacks them, is not opened again, and a failover keeps them', () =>
  incident({ workers: [standsStillAt(folder, 'route:haproxy-1 pointed')] }, async (scene) => {
    const { lab, faults, load, settle } = scene;
    const run = switchOver(scene, { to: 'db2' });
    const goOn = await stoodStill(lab);
    const moved = await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
    await faults.kill('db2');
    goOn();
    const told = await run;
    expect(told.headline).not.toMatch(/^Undone/);
    const resumed = await load.nextAcknowledgement(moved.atMs, lab.server('db3').uuid);
    expect(resumed.by).toBe(lab.server('db3').uuid);
    // It was frozen when the change broke off, and waits for rejoinInstance.
    await settle({ primary: 'db3', quarantined: ['db1'] });
  }));
