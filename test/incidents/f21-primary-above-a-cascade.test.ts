import { incident } from './incident';

test('F21: the primary dies above a cascade (db1 → db2 → db3, db4 and db1 → db5): nobody is orphaned', () =>
  incident({ replicas: 4, sources: { db3: 'db2', db4: 'db2' } }, async ({ lab, faults, report, load, settle }) => {
    await faults.kill('db1');
    const told = await report();

    expect(told.outcome).toBe('done');
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
    await settle({ primary: told.newPrimary ?? '' }); // I3: everybody follows a living member
  }));
