import { incident } from './incident';
import { startGateway } from './monitored';

test('F27 over HTTP: an alert asks, the candidate dies, the approval of its plan is void; the next one counts', () =>
  incident(
    { watched: false, failover: { mode: 'approve' } },
    async ({ lab, faults, progress, report, load, settle }) => {
      const gateway = await startGateway(lab);
      await faults.kill('db1');
      expect((await gateway.alert('firing')).status).toBe(200);
      const first = (await progress((seen) => seen.question !== null)).question;
      expect(first?.text).toMatch(/promote db2/);
      await faults.kill('db2');
      const approve = (plan = '') =>
        gateway.asAna(`/runs/${lab.cluster}/approve`, { plan: plan.slice(0, 12), reason: 'seen' });
      expect((await approve(first?.planHash)).status).toBe(200);

      const second = (await progress((seen) => seen.question !== null && seen.question.id !== first?.id)).question;
      expect(second?.text).toMatch(/promote db3/);
      const stale = await approve(first?.planHash);
      expect(stale.status).toBe(409);
      expect(await stale.text()).toContain('The plan has changed since you looked');
      expect((await approve(second?.planHash)).status).toBe(200);

      const told = await report();
      expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db3', trigger: 'alert' });
      expect(told.approvals.join('\n')).toMatch(/its approval is void, plan [0-9a-f]{12} takes its place/);
      expect(told.approvals.join('\n')).toMatch(/approved by ana@example\.com/);
      await load.nextAcknowledgement(undefined, lab.server('db3').uuid);
      await settle({ primary: 'db3' });
    },
  ));
