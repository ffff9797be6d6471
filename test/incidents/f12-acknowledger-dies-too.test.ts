import { incident } from './incident';

test('F12: the primary dies together with one of its acknowledgers: not by itself, and the approval shows what may be lost', () =>
  incident({}, async ({ lab, faults, progress, approve, report, load, settle }) => {
    await Promise.all([faults.kill('db1'), faults.kill('db2')]);
    const { question, plan } = await progress((seen) => seen.question !== null);

    expect(question?.because.join('\n')).toMatch(
      /db2 cannot be read.* may alone have acknowledged the last transactions \(invariant 2\)/,
    );
    expect(plan?.risks.join('\n')).toMatch(/db2 cannot be read.* may alone have acknowledged/);
    expect(await lab.value('db3', 'SELECT @@global.super_read_only')).toBe(1);

    const resumed = load.nextAcknowledgement(undefined, lab.server('db3').uuid);
    await approve('both hosts are gone');
    expect((await resumed).by).toBe(lab.server('db3').uuid);
    const told = await report();
    expect(told.rpo).toMatchObject({ provablyZero: false });
    expect(told.approvals.join('\n')).toMatch(/approved by tester@example.com \(.*\): both hosts are gone/);
    await settle({ primary: 'db3', mayLose: true });
  }));
