import { changeId } from '../../workflows/messages';
import { incident } from './incident';
import { servedBy, standStill } from './standing';

test('F27: the candidate changes while its plan waits for an answer: the approval is void, and the new plan is asked for', () =>
  incident({ failover: { mode: 'approve' } }, async (scene) => {
    const { lab, client, faults, progress, approve, report, settle } = scene;
    await standStill(scene);
    await faults.kill('db1');
    const first = (await progress((seen) => seen.question !== null)).question;
    expect(first?.text).toMatch(/promote db2/);
    await faults.kill('db2');
    await approve('as shown');

    const second = (await progress((seen) => seen.question !== null && seen.question.id !== first?.id)).question;
    expect(second?.text).toMatch(/promote db3/);
    expect(await lab.value('db3', 'SELECT @@global.super_read_only')).toBe(1);
    const stale = { by: 'tester@example.com', plan: first?.planHash.slice(0, 8) };
    const late = client.workflow.getHandle(changeId(lab.cluster)).executeUpdate('approve', { args: [stale] });
    const refused = (await late.catch((error: unknown) => error)) as Error;
    expect((refused.cause as Error).message).toMatch(/^The plan has changed/);
    await approve('db2 is gone as well');

    const told = await report();
    expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
    expect(told.approvals.join('\n')).toMatch(/its approval is void, plan [0-9a-f]{12} takes its place/);
    await servedBy(scene, 'db3');
    await settle({ primary: 'db3' });
  }));
