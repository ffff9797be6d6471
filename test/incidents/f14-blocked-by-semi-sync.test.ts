import { eventually } from '../support/wait';
import { incident } from './incident';
import { expectNoRun, watcherSays } from './standing';

test('F14: the primary waits without end for an acknowledgement; that is told apart from death, and nothing of ours hangs or piles up', () =>
  incident({ durability: 'lossless' }, async (scene) => {
    const { lab, load, start, settle } = scene;
    for (const replica of ['db2', 'db3']) await lab.rows(replica, 'STOP REPLICA IO_THREAD');
    await watcherSays(scene, /^db1 lives; its commits wait for a replica's acknowledgement/);

    await expectNoRun(scene);
    const told = await start();
    expect(told.outcome).toBe('stood down');
    expect(told.decisions).toEqual([
      expect.stringMatching(/^semi-sync blocked: db1 lives.*bring an acknowledging replica back/),
    ]);
    expect(Date.parse(told.endedAt) - Date.parse(told.startedAt)).toBeLessThan(5_000);

    // One commit of ours may wait with the clients'; one more each second would fill the server.
    const waiting = `SELECT COUNT(*) FROM performance_schema.threads WHERE PROCESSLIST_USER = ? AND PROCESSLIST_COMMAND = 'Query'
      AND PROCESSLIST_INFO LIKE '%heartbeat%' AND PROCESSLIST_TIME >= 3`;
    await eventually(
      'the first commit of ours waits for 8 s',
      async () =>
        Number(
          await lab.value(
            'db1',
            `SELECT MAX(PROCESSLIST_TIME) FROM performance_schema.threads WHERE PROCESSLIST_USER = ? AND PROCESSLIST_INFO LIKE '%heartbeat%'`,
            [lab.accounts.admin.user],
          ),
        ) >= 8,
    );
    expect(Number(await lab.value('db1', waiting, [lab.accounts.admin.user]))).toBeLessThanOrEqual(1);
    await expect(start().then(({ outcome }) => outcome)).resolves.toBe('stood down');

    for (const replica of ['db2', 'db3']) await lab.rows(replica, 'START REPLICA IO_THREAD');
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    await settle({ primary: 'db1' });
  }));
