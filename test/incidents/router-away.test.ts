import { incident } from './incident';

test('a router that is away while the primary is replaced: the run fails aloud, and the next one does only what is left', () =>
  incident({}, async ({ faults, lab, load, progress, approve, report, start, settle }) => {
    faults.hangRouter();
    await faults.kill('db1');
    const { question } = await progress(({ question: asked }) => asked !== null);
    expect(question?.because.join('\n')).toMatch(/nothing proves that db1 can no longer take writes/);
    await approve('the host is off');
    const first = await report();
    expect(first).toMatchObject({ outcome: 'failed' });
    expect(first.headline).toMatch(/no write came through haproxy/);

    faults.wakeRouter();
    const second = await start();
    expect(second).toMatchObject({ outcome: 'done', plan: { kind: 'reroute' } });
    expect(second.steps.map(({ title }) => title)).toEqual([
      'Look at the primary from here and through every replica',
      'Point every router at the new primary and prove it by a write',
    ]);
    await load.nextAcknowledgement(undefined, lab.server(first.newPrimary ?? '').uuid);
    await settle({ primary: first.newPrimary ?? '' });
  }));
