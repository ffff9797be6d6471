import { eventually } from '../support/wait';
import { incident } from './incident';

test('F26: approved after the primary came back: it is looked at again, and nothing is changed', () =>
  incident({ failover: { mode: 'approve' } }, async ({ lab, faults, progress, approve, report, load, settle }) => {
    faults.hang('db1');
    await progress((seen) => seen.question !== null);
    faults.wake('db1');
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await eventually(
      'db1 has its acknowledgers back',
      async () =>
        (await lab.value(
          'db1',
          "SELECT VARIABLE_VALUE FROM performance_schema.global_status WHERE VARIABLE_NAME = 'Rpl_semi_sync_source_clients'",
        )) === '2',
    );
    await approve();

    const told = await report();
    expect(told.outcome).toBe('stood down');
    expect(told.headline).toMatch(/nothing was changed: no longer needed: db1 answers/);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await settle({ primary: 'db1' });
  }));
