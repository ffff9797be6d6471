import { eventually } from '../support/wait';
import { incident } from './incident';

test('F2: a hung primary that still accepts TCP is replaced; when it wakes up nothing it says reaches a client as success', () =>
  incident({}, async ({ faults, report, load, settle, lab }) => {
    faults.hang('db1');
    const told = await report();
    expect(told.outcome).toBe('done');
    expect(told.decisions[0]).toMatch(/^hung: db1 answers nothing in time/);
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);

    faults.wake('db1');
    // I4: it was writable when it was stopped. The watcher closes it as soon as it answers.
    await eventually(
      'db1 is super_read_only',
      async () => (await lab.value('db1', 'SELECT @@global.super_read_only')) === 1,
    );
    await settle({ quarantined: ['db1'] });
  }));
