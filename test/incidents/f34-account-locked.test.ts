import { randomUUID } from 'node:crypto';
import { rootDoor } from '../../lab/state';
import { runAll } from '../../lab/sql';
import { incident } from './incident';
import { expectNoRun, watcherSays } from './standing';

test("F34: our account is locked on the primary, and the replicas' as well; that is not death, and nothing is touched", () =>
  incident({}, async (scene) => {
    const { faults, lab, load, start, settle } = scene;
    const unlock = [await faults.lockAccount('db1', 'replication'), await faults.lockAccount('db1', 'admin')];
    await watcherSays(scene, /^db1 lives but does not accept our account: nothing was touched/);
    await expectNoRun(scene);

    const told = await start();
    expect(told.outcome).toBe('stood down');
    expect(told.decisions).toEqual([expect.stringMatching(/^auth broken: db1 lives but does not accept our account/)]);
    expect(told.steps).toHaveLength(1);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    for (const each of unlock) await each();
    await watcherSays(scene, /db1 is well/);
    await settle({ primary: 'db1' });
  }));

test('F34: our password was changed on the primary; that is not death either', () =>
  incident({}, async (scene) => {
    const { lab, start, settle } = scene;
    const { user } = lab.accounts.admin;
    const door = rootDoor(lab.state, lab.server('db1'));
    await runAll(door, ['SET SESSION sql_log_bin = 0', `ALTER USER '${user}'@'%' IDENTIFIED BY '${randomUUID()}'`]);
    for (const { id } of await lab.rows(
      'db1',
      'SELECT PROCESSLIST_ID AS id FROM performance_schema.threads WHERE PROCESSLIST_USER = ?',
      [user],
    ))
      await lab.rows('db1', 'KILL ?', [id ?? 0]);
    await watcherSays(scene, /^db1 lives but does not accept our account: nothing was touched/);

    const told = await start();
    expect(told.outcome).toBe('stood down');
    expect(told.decisions).toEqual([expect.stringMatching(/^auth broken/)]);
    await settle({ primary: 'db1' });
  }));
