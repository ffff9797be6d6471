import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/wait';
import { approvingAll } from './faulty-worker';
import { incident } from './incident';

test('F28: the old primary of an asynchronous cluster returns with transactions of its own: closed, named, and copied to a file', () =>
  incident({ durability: 'async', links: true }, async (scene) => {
    const { lab, faults, load, report, settle } = scene;
    // What was acknowledged in the last half second is on db1 alone when it dies.
    for (const replica of ['db2', 'db3']) await faults.link(replica, 'db1', { kind: 'slow', delayMs: 500 });
    await eventually('a hundred more writes', () => load.acknowledged.length > 200);
    await faults.kill('db1');
    for (const replica of ['db2', 'db3']) await faults.link(replica, 'db1', { kind: 'refuse' });
    await approvingAll(scene, load.nextAcknowledgement());
    const told = await report();
    expect(told.outcome).toBe('done');
    const primary = told.newPrimary ?? '';
    const seen = await load.stop();
    const lost = await seen.lostOn(primary);
    expect(lost.length).toBeGreaterThan(0);

    await faults.healLinks();
    await faults.start('db1');
    const extra = String(
      await lab.value('db1', 'SELECT GTID_SUBTRACT(@@global.gtid_executed, ?)', [
        String(await lab.value(primary, 'SELECT @@global.gtid_executed')),
      ]),
    );
    const reports = join(lab.folder, 'reports', lab.cluster);
    const file = await eventually('the lost transactions are in a file', () =>
      readdirSync(reports).find((name) => name.startsWith('lost-from-db1-') && name.endsWith('.sql')),
    );
    const copied = readFileSync(join(reports, file), 'utf8');
    for (const { sequence } of lost) expect(copied).toContain(`=${sequence}`);
    expect(extra).not.toBe('');
    expect(told.rpo).toMatchObject({ provablyZero: false });
    expect(await lab.value('db1', 'SELECT @@global.super_read_only')).toBe(1);
    await settle({ primary, quarantined: ['db1'], mayLose: true });
  }));
