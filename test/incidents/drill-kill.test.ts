import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../lab/processes';
import { type RunbookReport } from '../../workflows/decisions/report';
import { eventually } from '../support/wait';
import { beginDrill, declareDrill, drill, history, supervised } from './drilling';
import { pointsMet } from './faulty-worker';
import { incident } from './incident';
import { standStill } from './standing';

const folder = mkdtempSync(join(tmpdir(), 'mrt-drill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KILL = { mode: 'kill', objective: { rtoMs: 60_000, writeGapMs: 10_000 } };
const DRILLABLE = { drillable: true };

test('the primary is killed, the watcher fails over, everything is measured and the first state is back', () =>
  incident({}, async (scene) => {
    const { lab, settle } = scene;
    await standStill(scene);
    declareDrill(lab, KILL, DRILLABLE);
    const told = await supervised(scene, drill(scene));
    expect(told.headline).toMatch(
      /^The drill passed: RTO \d+ ms at the client behind haproxy-1, objective 60000 ms; lost 0 of \d+ acknowledged rows, objective 0; write gap on the way back \d+ ms /,
    );
    expect(told).toMatchObject({ outcome: 'done', oldPrimary: 'db1', left: [], rpo: { lostCount: 0 } });
    expect(told.rto?.totalMs).toBeGreaterThan(50);
    expect(await history(lab, 'db1')).toMatchObject([{ mode: 'kill', verdict: 'met', lost_rows: 0 }]);
    await settle({ primary: 'db1' });
  }));

test('an objective of a millisecond is missed: the run has failed and says so, and the next one needs a word of a person', () =>
  incident({}, async (scene) => {
    const { lab, settle } = scene;
    await standStill(scene);
    declareDrill(lab, { ...KILL, objective: { ...KILL.objective, rtoMs: 1 }, minDaysBetween: 0 }, DRILLABLE);
    const told = await supervised(scene, drill(scene));
    expect(told).toMatchObject({ outcome: 'failed' });
    expect(told.headline).toMatch(/^The drill missed: RTO \d+ ms at the client behind haproxy-1, objective 1 ms$/);
    expect(await history(lab, 'db1')).toMatchObject([{ verdict: 'missed', objective_ms: 1 }]);
    const next = await drill(scene, { mode: 'planned' });
    expect(next).toMatchObject({ outcome: 'refused' });
    expect(next.headline).toMatch(/error budget of orders is used up: 1 drills missed .*objective 1 ms$/);
    expect(await drill(scene, { mode: 'planned', anyway: true, dryRun: true })).toMatchObject({ outcome: 'planned' });
    await settle({ primary: 'db1' });
  }));

test('nobody watches: the drill fails over itself, and has missed', () =>
  incident({ watched: false }, async (scene) => {
    const { lab, load, settle } = scene;
    await load.stop();
    declareDrill(lab, { ...KILL, noticeSeconds: 2 }, DRILLABLE);
    const told = await supervised(scene, drill(scene), { late: false });
    expect(told).toMatchObject({ outcome: 'failed' });
    expect(told.headline).toBe('The drill missed: nobody began a failover within 2 s: the drill did');
    await settle({ primary: 'db1' });
  }));

test.each(['kill:begin', 'kill:killed'])(
  'the only worker dies at %s: another carries the drill to its end, and says that it was not measured',
  (point) => {
    const met = join(folder, point.replace(':', '-'));
    const dying = { faultAt: point, env: { RUNBOOK_FAULT_ONCE: met } };
    return incident({ workers: [dying] }, async (scene) => {
      const { lab, settle } = scene;
      await standStill(scene);
      declareDrill(lab, KILL, DRILLABLE);
      const run = await beginDrill(scene);
      await eventually('the worker has died', () => !isAlive(lab.state.workers[0]!), 60_000);
      await lab.startWorker();
      const told = (await supervised(scene, run.result())) as RunbookReport;
      expect(pointsMet(met)).toEqual([point]);
      expect(told).toMatchObject({ outcome: 'failed', left: [], rto: null });
      expect(told.headline).toBe('The drill missed: RTO was not measured: the worker of the clients died meanwhile');
      expect(await history(lab, 'db1')).toMatchObject([{ verdict: 'not measured', rto_ms: null, lost_rows: null }]);
      await settle({ primary: 'db1' });
    });
  },
);
