import { incident } from './incident';

test('F50: the next primary dies as well, within the limit of one automatic failover an hour: a human is asked', () =>
  incident({}, async ({ lab, faults, report, progress, approve, load, settle }) => {
    await faults.kill('db1');
    const first = await report();
    const second = first.newPrimary ?? '';
    const last = second === 'db2' ? 'db3' : 'db2';
    expect(first.outcome).toBe('done');
    await load.nextAcknowledgement(undefined, lab.server(second).uuid);

    await faults.kill(second);
    const { question } = await progress((seen) => seen.question !== null);
    expect(question?.because.join('\n')).toMatch(
      /has failed over automatically once within 60 minutes: it may be flapping/,
    );
    expect(await lab.value(last, 'SELECT @@global.super_read_only')).toBe(1);
    const resumed = load.nextAcknowledgement(undefined, lab.server(last).uuid);
    await approve();
    await resumed;
    await settle({ primary: last });
  }));
