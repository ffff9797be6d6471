import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/wait';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { isClosed } from './standing';
import { switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-s06-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BUDGET_MS = 10_000;

test('S6: the candidate dies while it applies the rest behind the freeze; the old primary is writable again at once, not at the end of the budget', () =>
  incident({ workers: [standsStillAt(folder, 'switch:calm')], watched: false }, async (scene) => {
    const { lab, faults, load, settle } = scene;
    const run = switchOver(scene, { to: 'db2', writeGapMs: BUDGET_MS });
    const goOn = await stoodStill(lab);
    await faults.holdApplier('db2');
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    goOn();
    await eventually('db1 is frozen', () => isClosed(lab, 'db1'));
    const died = performance.now();
    await faults.kill('db2');
    await eventually('db1 is open', async () => !(await isClosed(lab, 'db1')));
    expect(performance.now() - died).toBeLessThan(BUDGET_MS / 2);
    const told = await run;
    expect(told.headline).toMatch(/^Undone, db1 takes writes again.*: .*db2/);
    // It was never told to open: dead or not, it cannot come back as a second primary.
    expect(told.left).toEqual([]);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await settle({ primary: 'db1' });
  }));
