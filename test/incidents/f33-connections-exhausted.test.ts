import { rootDoor } from '../../lab/state';
import { open } from '../../lab/sql';
import { type RowDataPacket } from 'mysql2/promise';
import { incident, type Incident } from './incident';
import { expectNoRun, watcherSays } from './standing';

test('F33: every connection of the primary is taken, ours too; it lives, and nothing is failed over', () =>
  incident({ links: true }, async (scene) => {
    const { lab, load, start, settle } = scene;
    const free = await takeEveryConnection(scene);
    await expectNoRun(scene);

    const told = await start();
    expect(told.outcome).toBe('stood down');
    expect(told.decisions).toEqual([
      expect.stringMatching(/^(overloaded: db1 lives and has no free connection|healthy: db1 answers)/),
    ]);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    for (const each of free) await each();
    await watcherSays(scene, /db1 is well/);
    await settle({ primary: 'db1' });
  }));

test('F33: with the admin port in the inventory the runbook still looks into the full server, and finds it healthy', () =>
  incident({}, async (scene) => {
    const { lab, load, start, settle } = scene;
    const free = await takeEveryConnection(scene);
    const told = await start();
    expect(told.outcome).toBe('stood down');
    expect(told.decisions).toEqual([expect.stringMatching(/^healthy: db1 answers and committed a row/)]);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    for (const each of free) await each();
    await settle({ primary: 'db1' });
  }));

/** Also those that the worker had kept open: they are killed, and their places taken before it comes back. Ours stays from before. */
async function takeEveryConnection({ faults, lab }: Incident): Promise<(() => Promise<void>)[]> {
  const root = await open(rootDoor(lab.state, lab.server('db1')));
  const free = [() => root.end(), await faults.exhaustConnections('db1')];
  for (;;) {
    const [ours] = await root.query<RowDataPacket[]>(
      'SELECT PROCESSLIST_ID AS id FROM performance_schema.threads WHERE PROCESSLIST_USER = ?',
      [lab.accounts.admin.user],
    );
    if (ours.length <= 1) return free; // CONNECTION_ADMIN has one place that max_connections does not count
    for (const { id } of ours) await root.query('KILL ?', [id]).catch(() => undefined);
    free.push(await faults.exhaustConnections('db1'));
  }
}
