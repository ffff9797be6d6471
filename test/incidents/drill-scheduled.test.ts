import { type RunbookReport } from '../../workflows/decisions/report';
import { scheduleId } from '../../workflows/messages';
import { eventually } from '../support/wait';
import { declareDrill, editInventory, history, type } from './drilling';
import { incident, type Incident } from './incident';

/** The run of the newest trigger. */
async function triggered({ client }: Incident, name: string): Promise<RunbookReport> {
  const handle = client.schedule.getHandle(scheduleId(name));
  const before = (await handle.describe()).info.recentActions.length;
  await handle.trigger();
  const action = await eventually('the schedule has started a run', async () => {
    const { recentActions } = (await handle.describe()).info;
    return recentActions.length > before && recentActions.at(-1)?.action;
  });
  const { workflowId, firstExecutionRunId } = action.workflow;
  return client.workflow.getHandle(workflowId, firstExecutionRunId).result() as Promise<RunbookReport>;
}

test('a schedule of the inventory drills the fleet; a blackout that is written later is heeded at once', () =>
  incident({}, async (scene) => {
    const { lab, settle } = scene;
    declareDrill(lab, { objective: { writeGapMs: 10_000 }, minDaysBetween: 0 });
    const monthly = { name: 'monthly', runbook: 'failoverDrill', cron: '0 10 1-7 * tue', timeZone: 'Europe/Berlin' };
    editInventory(lab, (inventory) => Object.assign(inventory, { schedules: [monthly] }));
    expect((await type(lab, 'schedules apply')).stdout).toMatch(/^monthly +created$/m);

    const told = await triggered(scene, 'monthly');
    expect(told).toMatchObject({
      ...{ runbook: 'failoverDrill', cluster: lab.cluster, outcome: 'done', trigger: 'schedule' },
      startedBy: 'schedule monthly',
    });
    expect(await history(lab, 'db1')).toHaveLength(1);

    const now = Date.now();
    const [since, until] = [-1, 1].map((hours) => new Date(now + hours * 3_600_000).toISOString().replace(/\..*/, 'Z'));
    const blackouts = [{ name: 'sale', since, until }];
    editInventory(lab, (inventory) => Object.assign(inventory, { schedules: [{ ...monthly, blackouts }] }));
    expect(await triggered(scene, 'monthly')).toMatchObject({
      outcome: 'stood down',
      headline: `Skipped: blackout window sale until ${until}`,
    });
    expect((await type(lab, 'schedules apply')).stdout).toMatch(/^monthly +unchanged$/m);
    expect(await history(lab, 'db1')).toHaveLength(1);
    const { uuid } = lab.server('db1');
    await settle({ primary: 'db1', tenures: [uuid, lab.server(told.newPrimary ?? '').uuid, uuid] });
  }));
