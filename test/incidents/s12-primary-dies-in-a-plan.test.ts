import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { progressQuery, type RunProgress } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { begin, standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { isClosed } from './standing';
import { aboutToStall, switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-s12-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('S12: the primary dies while a planned switchover waits for its sessions; the plan ends by itself and the failover takes its place', () =>
  incident({}, async (scene) => {
    const { faults, load, lab, report, settle } = scene;
    await faults.holdTableLock('db1', 'shop.orders');
    const plan = await begin(scene, { to: 'db2', drainSeconds: 600 }, 'plannedSwitchover');
    await eventually('the plan waits for the session', async () => {
      const { phase } = await plan.query<RunProgress>(progressQuery.name);
      return phase === 'drain';
    });
    await faults.kill('db1');

    const ended = (await plan.result()) as { outcome: string; headline: string };
    expect(ended).toMatchObject({ outcome: 'failed' });
    expect(ended.headline).toMatch(/^Not begun, nothing was changed: db1 /);
    await eventually('the failover has taken the lock', async () => (await report()).runbook === 'emergencyFailover');
    const told = await report();
    expect(told.outcome).toBe('done');
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
    await settle();
  }));

test.each(['kill', 'hang'] as const)(
  'S12: the primary is frozen for a switchover when it falls to a %s; the plan ends at once, and the failover takes its place',
  (fault) =>
    incident({ workers: [standsStillAt(mkdtempSync(join(folder, fault)), 'switch:calm')] }, async (scene) => {
      const { faults, load, lab, report, settle } = scene;
      const stall = await aboutToStall(scene, 'db2');
      const plan = switchOver(scene, { to: 'db2', writeGapMs: 3_000 });
      const goOn = await stoodStill(lab, plan);
      await stall.begin();
      goOn();
      await eventually('db1 is frozen', () => isClosed(lab, 'db1'));
      if (fault === 'kill') await faults.kill('db1');
      else faults.hang('db1');

      const ended = await plan;
      expect(ended.headline).toMatch(/^Neither done nor undone: db1 was lost/);
      await stall.end();
      await eventually('the failover has taken the lock', async () => (await report()).runbook === 'emergencyFailover');
      const told = await report();
      expect(told.outcome).toBe('done');
      await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
      if (fault === 'hang') faults.wake('db1');
      await settle(fault === 'hang' ? { quarantined: ['db1'] } : {});
    }),
);
