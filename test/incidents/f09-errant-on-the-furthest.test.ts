import { approvingAll } from './faulty-worker';
import { incident } from './incident';
import { servedBy, standStill } from './standing';
import { writeErrant } from './odd-rows';

test('F9: the replica with an errant transaction is passed over and named, although it is preferred', () =>
  incident({ promotion: { db2: 'prefer' } }, async (scene) => {
    const { lab, faults, report, settle } = scene;
    const errant = await writeErrant(lab, 'db2');
    await standStill(scene);
    await faults.kill('db1');
    const told = await report();

    expect(told).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
    expect(told.plan?.summary).toMatch(/passed over db2 \(errant transactions\)/);
    expect(told.left.join('\n')).toContain(`db2 is quarantined as a candidate: errant transactions ${errant}`);
    await servedBy(scene, 'db3');
    await settle({ primary: 'db3', quarantined: ['db2'] });
    expect(await lab.value('db3', 'SELECT GTID_SUBSET(?, @@global.gtid_executed)', [errant])).toBe(0);
  }));

test('F9: when the replica with the errant transaction alone has acknowledged writes, a human decides', () =>
  incident({}, async (scene) => {
    const { lab, faults, load, progress } = scene;
    const errant = await writeErrant(lab, 'db2');
    await lab.rows('db3', 'STOP REPLICA IO_THREAD');
    await load.nextAcknowledgement();
    await faults.kill('db1');

    const { question } = await progress((seen) => seen.question !== null);
    expect(question?.because.join('\n')).toMatch(
      /would be lost: .* no sound replica that can be read has it \(invariant 2\)/,
    );
    expect(await lab.value('db3', 'SELECT @@global.super_read_only')).toBe(1);
    const { asked } = await approvingAll(scene, load.nextAcknowledgement());
    expect(asked.length).toBeGreaterThan(0);
    expect(await lab.value('db3', 'SELECT GTID_SUBSET(?, @@global.gtid_executed)', [errant])).toBe(0);
  }));
