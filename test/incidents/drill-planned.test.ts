import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunbookReport } from '../../workflows/decisions/report';
import { TASK_QUEUE } from '../../workflows/messages';
import { caughtUp } from '../support/wait';
import { beginDrill, declareDrill, drill, drillSays, history, type } from './drilling';
import { incident } from './incident';
import { expectNoRun } from './standing';

const PAPER = [
  ...readFileSync(join(__dirname, '../../docs/runbooks/failover-drill.md'), 'utf8').matchAll(/^\| \*\*\d+ (\w+)\*\*/gm),
].map(([, name]) => (name ?? '').toLowerCase());

test('a planned drill under load, of the cluster that was drilled longest ago: the primary moves and comes back, clients and rows are compared, the first state is back', () =>
  incident({}, async (scene) => {
    const { lab, settle } = scene;
    declareDrill(lab, { mode: 'planned', objective: { writeGapMs: 10_000 } });
    const run = await scene.client.workflow.start('failoverDrill', {
      workflowId: 'fleet/drill',
      taskQueue: TASK_QUEUE,
      args: [{ requestedBy: 'tester@example.com' }],
    });
    const told = (await run.result()) as RunbookReport;
    expect(told.headline).toMatch(
      /^The drill passed: write gap \d+ ms at the client behind haproxy-1, objective 10000 ms; lost 0 of \d+ acknowledged rows, objective 0; write gap on the way back \d+ ms /,
    );
    expect(told).toMatchObject({ outcome: 'done', oldPrimary: 'db1', left: [], rpo: { lostCount: 0 } });
    expect([...new Set(told.steps.map(({ phase }) => phase))]).toEqual(PAPER.filter((phase) => phase !== 'announce'));
    const [row, ...more] = await history(lab, 'db1');
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      mode: 'planned',
      verdict: 'met',
      lost_rows: 0,
      old_primary: 'db1',
      objective_ms: 10_000,
    });
    expect(Number(row?.['rto_ms'])).toBeGreaterThan(0);
    expect(await lab.value('db1', 'SELECT COUNT(*) FROM runbooks.drill_writes')).toBe(0);
    for (const replica of ['db2', 'db3']) await caughtUp(lab, replica, 'db1');

    const picture = join(lab.folder, 'rto.svg');
    const { stdout } = await type(lab, `drills orders --svg ${picture}`);
    expect(stdout).toMatch(
      /^ended \(UTC\) +mode +verdict +RTO +objective +lost +way back +primary +run\n\S+ \S+ +planned +met +\d+ ms +10000 ms +0 +\d+ ms +db1 → db\d/,
    );
    expect(readFileSync(picture, 'utf8')).toMatch(/^<svg [^]*<circle [^]*objective 10000 ms, met[^]*<\/svg>\n$/);

    const chosen = await scene.client.workflow.start('failoverDrill', {
      workflowId: 'fleet/drill',
      taskQueue: TASK_QUEUE,
      args: [{}],
    });
    expect(((await chosen.result()) as RunbookReport).headline).toMatch(
      /^Refused, nothing was changed: no cluster may be drilled now\. orders: Refused, nothing was changed: the last drill/,
    );
    const again = await drill(scene);
    expect(again).toMatchObject({ outcome: 'refused' });
    expect(again.headline).toMatch(/the last drill of orders was at .*, less than 7 days ago$/);
    const { uuid } = lab.server('db1');
    await settle({ primary: 'db1', tenures: [uuid, lab.server(told.newPrimary ?? '').uuid, uuid] });
  }));

test('called off while it is announced: nothing is touched', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, settle } = scene;
    declareDrill(lab, { announceSeconds: 3_600 });
    const run = await beginDrill(scene);
    const { headline } = await drillSays(run, ({ phase }) => phase === 'announce');
    expect(headline).toMatch(
      /^a drill: move the primary of orders from db1 to db\d and back, at .*: runbook cancel cluster\/orders\/drill$/,
    );
    expect(await type(lab, 'cancel orders --reason busy')).toEqual({
      code: 0,
      stdout: 'Called off by ada: busy, nothing was changed.\n',
    });
    expect(await run.result()).toMatchObject({
      outcome: 'rejected',
      headline: 'Called off by ada: busy, nothing was changed',
    });
    await expectNoRun(scene);
    expect(await lab.rows('db1', "SHOW TABLES IN runbooks LIKE 'drill%'")).toEqual([]);
    await settle({ primary: 'db1' });
  }));

test('a backup runs on a replica, or no window is open: not today, and all of it is named', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, faults, settle } = scene;
    const tomorrow = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 2) % 7];
    declareDrill(lab, {}, { maintenanceWindows: [{ days: [tomorrow], from: '02:00', to: '03:00' }] });
    const release = await faults.holdGlobalReadLock('db3');
    const told = await drill(scene);
    expect(told).toMatchObject({ outcome: 'refused' });
    expect(told.headline).toMatch(
      /^Refused, nothing was changed: no maintenance window of orders is open until .*; session \d+ of .* holds FLUSH TABLES WITH READ LOCK on db3$/,
    );
    expect(told.left.join()).toMatch(/let it end, or end it on db3: KILL \d+/);
    await release();
    declareDrill(lab, {}, { maintenanceWindows: undefined });
    expect(await drill(scene, { mode: 'kill' })).toMatchObject({
      outcome: 'refused',
      headline: 'Refused, nothing was changed: orders is not marked drillable: its primary is not killed',
    });
    await expectNoRun(scene);
    await settle({ primary: 'db1' });
  }));
