import { caughtUp, eventually } from '../support/wait';
import { incident } from './incident';
import { watcherSaw } from './standing';

test('F15: semi-sync had fallen back to asynchronous before the crash; the report does not call the loss zero', () =>
  incident({}, async (scene) => {
    const { faults, lab, load, report, settle } = scene;
    // They replicate on and acknowledge nothing, so nothing is known to be lost and nothing is proven.
    for (const replica of ['db2', 'db3']) {
      await lab.rows(replica, 'SET GLOBAL rpl_semi_sync_replica_enabled = OFF');
      await lab.rows(replica, 'STOP REPLICA IO_THREAD');
      await lab.rows(replica, 'START REPLICA IO_THREAD');
    }
    await watcherSaw(scene, 'nobody acknowledges', ({ semiSyncActive }) => semiSyncActive === false);
    await load.stop();
    for (const replica of ['db2', 'db3']) await caughtUp(lab, replica, 'db1');
    await faults.kill('db1');
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.rpo).toMatchObject({ provablyZero: false, lost: '' });
    expect(told.rpo?.because).toMatch(/had fallen back to asynchronous/);
    expect(told.headline).toMatch(/not provably zero/);
    await settle();
  }));

test('F15: where the watcher saw commits that no replica received, a human is asked with their number before anything is opened', () =>
  incident({ links: true }, async (scene) => {
    const { faults, lab, load, progress, approve, report, settle } = scene;
    for (const replica of ['db2', 'db3']) await faults.link(replica, 'db1', { kind: 'blackhole' });
    await watcherSaw(scene, 'nobody acknowledges', ({ semiSyncActive }) => semiSyncActive === false);
    await load.nextAcknowledgement();
    await eventually('more is acknowledged', () => load.nextAcknowledgement());
    await faults.kill('db1');
    const { question } = await progress(({ question: asked }) => asked !== null);

    expect(question?.because.join('\n')).toMatch(
      /:.+ would be lost: it was seen on the primary .* no sound replica that can be read has it \(invariant 2\)/,
    );
    expect(await lab.value('db2', 'SELECT @@global.read_only')).toBe(1);
    expect(await lab.value('db3', 'SELECT @@global.read_only')).toBe(1);
    await approve('writes matter more');
    const told = await report();

    expect(told.outcome).toBe('done');
    expect(told.rpo?.provablyZero).toBe(false);
    expect(told.rpo?.lost).toContain(lab.server('db1').uuid);
    expect(told.rpo?.lostCount).toBeGreaterThan(0);
    expect(told.approvals.join('\n')).toMatch(/approved by tester@example.com \(.*\): writes matter more/);
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
    await settle({ mayLose: true });
  }));
