import { eventually, replicaState } from '../support/wait';
import { incident } from './incident';
import { servedBy, standStill } from './standing';
import { writeUnlogged } from './odd-rows';

const ROW = "INSERT INTO shop.orders (writer, sequence, server_uuid) VALUES (64001, 1, 'x')";

test('F18: a replica whose applier stopped on a duplicate row is not elected, although it is preferred, and is named', () =>
  incident({ promotion: { db2: 'prefer' } }, async (scene) => {
    const { lab, faults, report, settle } = scene;
    await writeUnlogged(lab, 'db2', ROW);
    await lab.rows('db1', ROW);
    await eventually('the applier of db2 stops', async () => (await replicaState(lab, 'db2'))?.applier === 'No');
    await standStill(scene);
    await faults.kill('db1');
    const told = await report();

    expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
    expect(told.plan?.lines.join('\n')).toMatch(/db2: .*barred: its applier stopped with error 1062: /);
    expect(told.left.join('\n')).toMatch(/Repoint db2 to db3 did not succeed: the applier of db2 stopped/);
    await servedBy(scene, 'db3');
    await settle({ primary: 'db3', quarantined: ['db2'] });
    // What it received is still there, for whoever repairs the row.
    expect(await replicaState(lab, 'db2')).toMatchObject({ applier: 'No', source: 'db1' });
  }));
