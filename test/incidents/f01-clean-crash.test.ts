import { eventually } from '../support/wait';
import { incident } from './incident';

test('F1: the primary is killed under load, and writes resume on a replica that has every acknowledged row', () =>
  incident({}, async ({ faults, report, load, settle, lab }) => {
    await eventually('a hundred rows are acknowledged', () => load.acknowledged.length > 100);
    await faults.kill('db1');
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.oldPrimary).toBe('db1');
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
    await settle();

    // I7: who started it, the evidence, the plan, why, what is left.
    expect(told.startedBy).toBe('watchCluster');
    expect(told.evidence.join('\n')).toMatch(/none of its replicas hears it/);
    expect(told.plan?.summary).toMatch(/promote db[23] in place of db1/);
    expect(told.fenceProofs).toEqual([
      expect.stringMatching(/every router \(haproxy-1\) reads back that no server takes writes/),
    ]);
    expect(told.rpo).toMatchObject({ provablyZero: true, lost: '' });
    expect(told.rto?.totalMs).toBeGreaterThan(0);
    expect(told.left.join('\n')).toMatch(/db1 is out of the cluster/);
  }));
