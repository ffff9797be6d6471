import { follow } from '../../lab/mysqld/roles';
import { reportOf } from '../../lab/follow-run';
import { watchId } from '../../workflows/messages';
import { begin } from './faulty-worker';
import { caughtUp, eventually, replicaState } from '../support/wait';
import { incident } from './incident';
import { standStill } from './standing';

test('F28: the old primary is back as a replica when its successor dies, and who starts the failover remembers only the old one; it is not opened as a primary that restarted', () =>
  incident({}, async (scene) => {
    const { lab, faults, client, settle, report } = scene;
    // Before that a look finds witnesses who still believe in it, and stands down.
    const lostSource = (replica: string) =>
      eventually(`${replica} has lost its source`, async () => (await replicaState(lab, replica))?.receiver !== 'Yes');
    await standStill(scene);
    const lastSeen = {
      primary: 'db1',
      primaryUuid: lab.server('db1').uuid,
      gtidExecuted: String(await lab.value('db1', 'SELECT @@global.gtid_executed')),
      at: new Date().toISOString(),
      committedAt: null,
      semiSyncActive: true,
      acknowledgers: ['db2', 'db3'],
      waitForReplicaCount: 1,
      unacknowledged: 0,
      epoch: 0,
    };
    // Only the memory of its beginning is left. One that is terminated starts what it has seen until its next heartbeat.
    const watch = client.workflow.getHandle(watchId(lab.cluster));
    await watch.cancel();
    await watch.result();
    await faults.kill('db1');
    for (const replica of ['db2', 'db3']) await lostSource(replica);
    const first = await reportOf(await begin(scene));
    const successor = first.newPrimary ?? '';
    const third = ['db2', 'db3'].find((name) => name !== successor) ?? '';

    await faults.start('db1');
    await follow(lab.state, lab.server('db1'), successor);
    for (const replica of ['db1', third]) await caughtUp(lab, replica, successor);
    // What the third one alone has received is lost by whoever opens db1.
    await lab.rows('db1', 'STOP REPLICA IO_THREAD');
    await lab.rows(successor, 'INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (99, 1, @@server_uuid)');
    await caughtUp(lab, third, successor);
    await faults.kill(successor);
    await lostSource(third);
    const watcher = { noticedAt: new Date().toISOString(), because: 'db1 answers but refuses writes', lastSeen };
    await begin(scene, { watcher });

    const told = await report();
    expect(told).toMatchObject({
      outcome: 'done',
      oldPrimary: successor,
      newPrimary: third,
      plan: { kind: 'promote' },
    });
    expect(await lab.value(third, 'SELECT COUNT(*) FROM shop.orders WHERE writer = 99')).toBe(1);
    await settle({ primary: third });
  }));
