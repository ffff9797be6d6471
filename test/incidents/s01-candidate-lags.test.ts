import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { aboutToStall, switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-s01-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('S1: the candidate does not keep up; that is noticed before anybody waits, and no client is told of an error', () =>
  incident({ watched: false, failover: { applyStallSeconds: 2 } }, async (scene) => {
    const { lab, faults, load, settle } = scene;
    const release = await faults.holdApplier('db2');
    const told = await switchOver(scene, { to: 'db2' });
    expect(told.outcome).toBe('failed');
    expect(told.headline).toMatch(
      /^Not begun, db1 is the primary as before: db2 does not keep up with db1: after \d+ ms, in which it applied \d+ transactions, /,
    );
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await release();
    const seen = await settle({ primary: 'db1' });
    expect(seen.failed).toEqual([]);
  }));

test('S1: it stops applying as the switch begins; nobody is held', () =>
  incident(
    { workers: [standsStillAt(mkdtempSync(join(folder, 'begin')), 'catchUp:done')], watched: false },
    async (scene) => {
      const { lab, faults, load, settle } = scene;
      const run = switchOver(scene, { to: 'db2' });
      const goOn = await stoodStill(lab, run);
      const release = await faults.holdApplier('db2');
      await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
      goOn();
      const told = await run;
      expect(told.headline).toMatch(/^Undone, db1 takes writes again.*: db2 applied nothing of what db1 wrote for 1 s/);
      await release();
      const seen = await settle({ primary: 'db1' });
      expect(seen.failed).toEqual([]);
    },
  ));

test('S1: it falls behind behind the freeze; within the write-gap budget the old primary takes writes again', () =>
  incident(
    { workers: [standsStillAt(mkdtempSync(join(folder, 'held')), 'switch:calm')], watched: false },
    async (scene) => {
      const { lab, load, settle } = scene;
      const stall = await aboutToStall(scene, 'db2');
      const run = switchOver(scene, { to: 'db2', writeGapMs: 500 });
      const goOn = await stoodStill(lab, run);
      await stall.begin();
      goOn();
      const told = await run;
      expect(told.outcome).toBe('failed');
      expect(told.headline).toMatch(
        /^Undone, db1 takes writes again(; clients waited \d+ ms)?: db2 had not applied what the old primary wrote/,
      );
      const parts = told.steps.find(({ phase }) => phase === 'switch')?.parts ?? [];
      const at = (name: string) => parts.find((part) => part.name === name)?.atMs ?? NaN;
      expect(at('open again') - at('held')).toBeLessThan(2_000); // the budget, and the way back on a busy machine
      await stall.end();
      await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
      await settle({ primary: 'db1' });
    },
  ));
