import { writeErrant } from './odd-rows';
import { incident } from './incident';
import { servedBy, standStill } from './standing';
import { replicaState } from '../support/wait';

test('F10: a replica whose errant transaction is in no binary log any more never becomes a source unasked', () =>
  incident({ failover: { atMost: { failovers: 3, perMinutes: 60 } } }, async (scene) => {
    const { lab, faults, report, progress, reject } = scene;
    const errant = await writeErrant(lab, 'db2');
    await lab.rows('db2', 'FLUSH BINARY LOGS');
    const logs = await lab.rows('db2', 'SHOW BINARY LOGS');
    await lab.rows('db2', `PURGE BINARY LOGS TO '${String(logs.at(-1)?.['Log_name'])}'`);
    expect(await lab.value('db2', 'SELECT GTID_SUBSET(?, @@global.gtid_purged)', [errant])).toBe(1);

    await standStill(scene);
    await faults.kill('db1');
    expect(await report()).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
    await servedBy(scene, 'db3');
    expect(await replicaState(lab, 'db2')).toMatchObject({ source: 'db3' });

    // It is the last one now: still not without a human, who is shown why.
    await faults.kill('db3');
    const { question } = await progress((seen) => seen.question !== null);
    expect(question?.because.join('\n')).toContain(`errant transactions ${errant}`);
    await reject('rebuild it');
    expect(await lab.value('db2', 'SELECT @@global.super_read_only')).toBe(1);
  }));
