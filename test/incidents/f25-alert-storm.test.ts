import { changeId, EMERGENCY_TASK_QUEUE } from '../../workflows/messages';
import { incident } from './incident';
import { startGateway } from './monitored';

test('F25 by alert: forty alerts and ten people at once: one run fails over, and everybody is told which', () =>
  incident(
    { watched: false, failover: { mode: 'approve' } },
    async ({ lab, client, faults, progress, report, load, settle }) => {
      const gateway = await startGateway(lab);
      await faults.kill('db1');
      const person = async (index: number): Promise<string> => {
        const handle = await client.workflow.start('emergencyFailover', {
          workflowId: changeId(lab.cluster),
          taskQueue: EMERGENCY_TASK_QUEUE,
          args: [{ cluster: lab.cluster, requestedBy: `person ${index}` }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        });
        return (await handle.describe()).runId;
      };
      const alert = async (index: number): Promise<string> => {
        const answer = await gateway.alert('firing', `f${index % 2}`);
        expect(answer.status).toBe(200);
        return ((await answer.json()) as { taken: { runId: string }[] }).taken[0]!.runId;
      };
      const runs = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 5 === 0 ? person : alert)(index)),
      );

      expect(new Set(runs).size).toBe(1);
      const { question } = await progress((seen) => seen.question !== null);
      const approved = await gateway.asAna(`/runs/${lab.cluster}/approve`, { plan: question?.planHash.slice(0, 12) });
      expect(approved.status).toBe(200);
      expect(await report()).toMatchObject({ outcome: 'done', newPrimary: 'db2', run: runs[0] });
      await load.nextAcknowledgement(undefined, lab.server('db2').uuid);
      expect(await lab.value('db2', 'SELECT COUNT(*) FROM runbooks.epoch')).toBe(2); // the lab's own and one more
      await settle({ primary: 'db2' });
    },
  ));
