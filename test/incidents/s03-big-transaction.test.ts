import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from '../../lab/sql';
import { rootDoor } from '../../lab/state';
import { caughtUp, eventually } from '../support/wait';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { switchOver } from './switching';

const folder = mkdtempSync(join(tmpdir(), 'mrt-s03-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 100_000;

test('S3: a big transaction commits as the primary is frozen; the candidate needs longer than clients may wait, so it is undone, and the transaction is nowhere lost', () =>
  incident({ workers: [standsStillAt(folder, 'catchUp:done')], watched: false, perSecond: 20 }, async (scene) => {
    const { lab, load, settle } = scene;
    const session = await open(rootDoor(lab.state, lab.server('db1')));
    await session.query('CREATE TABLE shop.big (id INT PRIMARY KEY, pad VARCHAR(200))');
    await session.query('SET SESSION cte_max_recursion_depth = ?', [ROWS]);
    await session.query(
      `INSERT INTO shop.big WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?)
         SELECT id, REPEAT('a', 200) FROM n`,
      [ROWS],
    );
    await Promise.all(['db2', 'db3'].map((name) => caughtUp(lab, name, 'db1', 60_000)));

    const run = switchOver(scene, { to: 'db2', writeGapMs: 100 });
    const goOn = await stoodStill(lab);
    await session.query('BEGIN');
    await session.query("UPDATE shop.big SET pad = REPEAT('b', 200)");
    const committed = session.query('COMMIT');
    goOn();
    const told = await run;
    await committed;
    expect(told.outcome).toBe('failed');
    expect(told.headline).toMatch(/^Undone, db1 takes writes again: /);
    await load.nextAcknowledgement(undefined, lab.server('db1').uuid);
    for (const server of ['db1', 'db2', 'db3'])
      await eventually(
        `${server} has all of it`,
        async () => Number(await lab.value(server, "SELECT COUNT(*) FROM shop.big WHERE pad LIKE 'b%'")) === ROWS,
        60_000,
      );
    await session.end();
    await settle({ primary: 'db1' });
  }));
