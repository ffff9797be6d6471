import { eventually } from '../support/wait';
import { incident } from './incident';
import { db1HasBeenReplaced, expectReplica, readers, rejoin } from './rejoining';

test('F29: the old primary comes back with nothing of its own: it follows, catches up, gets reads, and runs no event', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    await lab.rows('db1', 'CREATE EVENT shop.sweep ON SCHEDULE EVERY 1 HOUR DO DO 1');
    const primary = await db1HasBeenReplaced(scene);
    await eventually('the router has taken db1 out of the reads', async () => !(await readers(lab)).includes('db1'));

    const planned = await rejoin(scene, { dryRun: true });
    expect(planned).toMatchObject({ outcome: 'planned' });
    expect(await lab.rows('db1', 'SHOW REPLICA STATUS')).toEqual([]);

    const told = await rejoin(scene);
    expect(told).toMatchObject({ outcome: 'done', left: [], lostTransactionFiles: [] });
    await expectReplica(lab, 'db1', primary);
    await eventually('the router reads from it again', async () => (await readers(lab)).includes('db1'));

    const again = await rejoin(scene);
    expect(again).toMatchObject({ outcome: 'stood down' });
    expect(again.headline).toMatch(/db1 replicates from db\d and is as declared: nothing to do$/);
    const head = await rejoin(scene, { instance: primary });
    expect(head.headline).toMatch(new RegExp(`${primary} is the primary$`));
    await settle({ primary });
  }));

test('F29: it was opened by hand beside the new primary: closed before anything else, and then it follows', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    const primary = await db1HasBeenReplaced(scene);
    await lab.rows('db1', 'SET GLOBAL read_only = OFF');

    const told = await rejoin(scene);
    expect(told.outcome).toBe('done');
    expect(told.decisions[0]).toMatch(/^db1 takes writes, although db\d is the primary \(invariant 1\)/);
    await expectReplica(lab, 'db1', primary);
    await settle({ primary });
  }));

test('F29: what it lacks has been purged: refused with the cure, and left as it was', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    const primary = await db1HasBeenReplaced(scene);
    await lab.rows(primary, 'FLUSH BINARY LOGS');
    const [current] = await lab.rows(primary, 'SHOW BINARY LOG STATUS');
    await lab.rows(primary, 'PURGE BINARY LOGS TO ?', [current?.['File'] ?? '']);

    const told = await rejoin(scene);
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(
      /db1 lacks .*, and db\d has purged the binary logs that hold them: it cannot catch up/,
    );
    expect(told.left.join()).toMatch(/fill it anew: runbook start provisionReplica/);
    expect(await lab.rows('db1', 'SHOW REPLICA STATUS')).toEqual([]);

    await settle({ primary, quarantined: ['db1'] });
  }));

test('F29: a server that is down, or that the inventory does not have, is refused with what to do', () =>
  incident({ watched: false }, async (scene) => {
    const { faults, settle } = scene;
    await faults.kill('db3');
    const down = await rejoin(scene, { instance: 'db3' });
    expect(down).toMatchObject({ outcome: 'refused' });
    expect(down.left.join()).toMatch(/db3 cannot be read \(refused: .*start it/);
    expect((await rejoin(scene, { instance: 'db9' })).left.join()).toMatch(/name one of db1, db2, db3/);

    // A replica that was lost points at the right source already: it only has to be let go on.
    await faults.start('db3');
    expect(await rejoin(scene, { instance: 'db3' })).toMatchObject({ outcome: 'done' });
    await settle({ primary: 'db1' });
  }));
