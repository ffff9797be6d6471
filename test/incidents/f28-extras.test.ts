import { readFileSync } from 'node:fs';
import { type RunbookReport } from '../../workflows/decisions/report';
import { type WorkflowHandle } from '@temporalio/client';
import { caughtUp, eventually } from '../support/wait';
import { approvingAll, begin } from './faulty-worker';
import { incident } from './incident';
import { askedBy, db1HasBeenReplaced, executedOn, expectReplica, order, ordersOn, rejoin, writeOn } from './rejoining';

test('F28: what an asynchronous primary alone had acknowledged is taken over by approval: in the end nothing is lost', () =>
  incident({ durability: 'async', links: true }, async (scene) => {
    const { lab, faults, load, report, approve, client, settle } = scene;
    for (const replica of ['db2', 'db3']) await faults.link(replica, 'db1', { kind: 'slow', delayMs: 500 });
    await eventually('a hundred more writes', () => load.acknowledged.length > 200);
    // Nothing is under way when it dies: a client that repeats an unanswered write would stand in the way of its first try.
    const seen = await load.stop();
    await faults.kill('db1');
    for (const replica of ['db2', 'db3']) await faults.link(replica, 'db1', { kind: 'refuse' });
    const { result: failover } = await approvingAll(scene, report());
    const primary = failover.newPrimary ?? '';
    const lost = await seen.lostOn(primary);
    expect(lost.length).toBeGreaterThan(0);
    await faults.healLinks();
    await faults.start('db1');

    const run = await begin({ client, lab }, { instance: 'db1' }, 'rejoinInstance');
    const { question } = await askedBy(scene, run);
    expect(question?.text).toMatch(new RegExp(`^take over into ${primary} the \\d+ transactions that db1 alone has`));
    expect(await seen.lostOn(primary)).toHaveLength(lost.length);
    await approve('the rows are wanted');
    const told = (await run.result()) as RunbookReport;

    expect(told).toMatchObject({
      headline: expect.stringMatching(/^db1 replicates from/) as string,
      left: [],
    });
    const [file = ''] = told.lostTransactionFiles;
    for (const { sequence } of lost) expect(readFileSync(file, 'utf8')).toContain(`=${sequence}`);
    expect(await seen.lostOn(primary)).toEqual([]);
    expect(await lab.rows(primary, 'SHOW REPLICA STATUS')).toEqual([]);
    await expectReplica(lab, 'db1', primary);
    await settle({ primary });
  }));

test('F28: a row that is in the way stops the taking over, with its transaction; what came before stays', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    const primary = await db1HasBeenReplaced(scene);
    await writeOn(lab, 'db1', order(1), order(2), order(3));
    await lab.rows(primary, order(2, 'newer'));

    const stopped = await rejoin(scene, { extras: 'replay' });
    expect(stopped.outcome).toBe('failed');
    expect(stopped.headline).toMatch(/took over 1 of 3 transactions and stopped: error 1062: .*is not applied/);
    expect(await ordersOn(lab, primary)).toBe('1 of-db1,2 newer');
    expect(await lab.rows(primary, 'SHOW REPLICA STATUS')).toEqual([]);
    expect(await lab.value('db1', 'SELECT @@global.super_read_only')).toBe(1);

    // A second time goes on behind what was taken over, and meets the same row: nothing is applied twice.
    const again = await rejoin(scene, { extras: 'replay' });
    expect(again.headline).toMatch(/took over 0 of 2 transactions and stopped: error 1062/);
    expect(await ordersOn(lab, primary)).toBe('1 of-db1,2 newer');
    await settle({ primary, quarantined: ['db1'] });
  }));

test('F28: an UPDATE is never taken over, for it would overwrite what was written since; the order can also say refuse', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    const primary = await db1HasBeenReplaced(scene);
    await lab.rows(primary, order(1));
    expect(await rejoin(scene)).toMatchObject({ outcome: 'done' });
    await caughtUp(lab, 'db1', primary);
    await writeOn(lab, 'db1', order(5));
    await lab.rows(primary, "UPDATE shop.orders SET server_uuid = 'newer' WHERE writer = 900 AND sequence = 1");
    const before = await executedOn(lab, primary);

    const refused = await rejoin(scene, { extras: 'refuse' });
    expect(refused).toMatchObject({
      outcome: 'refused',
      headline: expect.stringMatching(/says to leave them/) as string,
    });
    await writeOn(lab, 'db1', "UPDATE shop.orders SET server_uuid = 'stale' WHERE writer = 900 AND sequence = 1");
    const told = await rejoin(scene, { extras: 'replay' });
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(/1 × UPDATE shop.orders.*would overwrite what clients have written there since/);
    expect(readFileSync(told.lostTransactionFiles[0] ?? '', 'utf8')).toContain("'stale'");
    expect(await executedOn(lab, primary)).toBe(before);
    await settle({ primary, quarantined: ['db1'] });
  }));

test('F28: the question is rejected: the file stays, the server stays closed, the primary has nothing of it', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, client, reject, settle } = scene;
    const primary = await db1HasBeenReplaced(scene);
    await writeOn(lab, 'db1', order(1));
    const run: WorkflowHandle = await begin({ client, lab }, { instance: 'db1' }, 'rejoinInstance');
    await askedBy(scene, run);
    await reject('they were repeated by hand');
    const told = (await run.result()) as RunbookReport;
    expect(told).toMatchObject({ outcome: 'rejected' });
    expect(told.headline).toMatch(/tester@example.com rejected it: they were repeated by hand/);
    expect(await ordersOn(lab, primary)).toBe('');
    await settle({ primary, quarantined: ['db1'] });
  }));

test('F28: a table that was truncated on the new primary is not filled up again with rows of before', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    await lab.rows('db1', 'CREATE TABLE shop.carts (id INT PRIMARY KEY)');
    const primary = await db1HasBeenReplaced(scene);
    await writeOn(lab, 'db1', 'INSERT INTO shop.carts VALUES (1)');
    await lab.rows(primary, 'TRUNCATE TABLE shop.carts');
    const told = await rejoin(scene, { extras: 'replay' });
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(/executed more than rows since the two parted \(statement TRUNCATE TABLE\)/);
    await settle({ primary, quarantined: ['db1'] });
  }));
