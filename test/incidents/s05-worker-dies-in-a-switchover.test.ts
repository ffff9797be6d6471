import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pointsMet, standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-s05-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['switch:begin', 'db2'],
  ['switch:held', 'db2'],
  ['switch:frozen', 'db1'],
  ['switch:caught up', 'db1'],
  ['switch:open', 'db2'],
  ['switch:routed', 'db2'],
  ['switchPrimary:done', 'db2'],
])('S5: the worker dies at "%s": in the end %s is the primary, wholly', (point, primary) => {
  const met = join(folder, point.replaceAll(/\W/g, '-'));
  const dying = { faultAt: point, env: { RUNBOOK_FAULT_ONCE: met } };
  return incident({ workers: [dying, dying], watched: false }, async (scene) => {
    const { lab, load, settle } = scene;
    const told = await switchOver(scene, { to: 'db2' });
    expect(pointsMet(met)).toEqual([point]);
    expect(told.outcome).toBe(primary === 'db2' ? 'done' : 'failed');
    if (primary === 'db1') expect(told.headline).toMatch(/^Undone, db1 takes writes again/);
    await load.nextAcknowledgement(undefined, lab.server(primary).uuid);
    await settle({ primary });
  });
});

test('S6: the candidate dies behind the freeze: the old primary takes writes again', () =>
  incident({ workers: [standsStillAt(folder, 'switch:frozen')], watched: false }, async (scene) => {
    const { lab, faults, load, settle } = scene;
    const run = switchOver(scene, { to: 'db2', writeGapMs: 10_000 });
    const goOn = await stoodStill(lab);
    await faults.kill('db2');
    goOn();
    const told = await run;
    expect(told.headline).toMatch(/^Undone, db1 takes writes again.*: .*db2/);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await settle({ primary: 'db1' });
  }));
