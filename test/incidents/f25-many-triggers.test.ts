import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE } from '../../workflows/messages';
import { incident } from './incident';

test('F25: fifty starts at once, under the lock id and under others: one fails over, the rest join it, are refused or stand down', () =>
  incident({ watched: false }, async ({ lab, client, faults, load, settle }) => {
    await faults.kill('db1');
    const start = async (index: number): Promise<string> => {
      const handle = await client.workflow.start('emergencyFailover', {
        workflowId: index % 2 === 0 ? changeId(lab.cluster) : `alert-${index}`,
        taskQueue: EMERGENCY_TASK_QUEUE,
        args: [{ cluster: lab.cluster, requestedBy: `client ${index}` }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
      try {
        const told = (await handle.result()) as RunbookReport;
        return `${told.outcome} ${told.run}`;
      } catch (error) {
        return String((error as Error).cause);
      }
    };
    const ends = await Promise.all(Array.from({ length: 50 }, (_, index) => start(index)));

    const done = new Set(ends.filter((end) => end.startsWith('done')));
    expect(done.size).toBe(1);
    const others = ends.filter((end) => !end.startsWith('done') && !end.startsWith('stood down'));
    for (const refused of others) expect(refused).toContain(`is running as ${changeId(lab.cluster)} (invariant 5)`);
    await load.nextAcknowledgement();
    expect(await lab.value('db2', 'SELECT COUNT(*) FROM runbooks.epoch')).toBe(2); // the lab's own and one more
    await settle();
  }));
