import { incident } from './incident';

test('F5: some replicas hear the primary and others do not; nothing moves by itself, a plan is offered, and its rejection leaves all as it was', () =>
  incident({ links: true }, async ({ faults, lab, load, progress, reject, report, settle }) => {
    await faults.link('worker1', 'db1', { kind: 'blackhole' });
    await faults.link('db2', 'db1', { kind: 'blackhole' });
    const { question, plan } = await progress(({ question: asked }) => asked !== null);

    expect(question?.because.join('\n')).toMatch(
      /db3 still hears db1, db2 does not: the network is split.*invariant 7/,
    );
    expect(plan?.summary).toMatch(/^promote db3 in place of db1/);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);

    await reject('db1 lives');
    const told = await report();
    expect(told.outcome).toBe('rejected');
    expect(told.headline).toMatch(/nothing was changed: tester@example.com rejected it: db1 lives/);
    expect(told.steps.map(({ title }) => title)).toEqual(['Look at the primary from here and through every replica']);
    expect(told.fenceProofs).toEqual([]);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await faults.healLinks();
    await settle({ primary: 'db1' });
  }));
