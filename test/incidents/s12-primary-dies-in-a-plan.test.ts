import { progressQuery, type RunProgress } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { begin } from './faulty-worker';
import { incident } from './incident';

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
