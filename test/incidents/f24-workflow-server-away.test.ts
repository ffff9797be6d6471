import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';

/** Longer than a heartbeat (3 s), a workflow task (3 s), a sticky queue (2 s) and a connection's keep-alive may take. */
const AWAY_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), 'mrt-f24-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('F24: the workflow server is away while the candidate is opened; the run finishes when it is back', () =>
  incident({ workers: [standsStillAt(folder, 'open:applied')] }, async ({ lab, faults, report, load, settle }) => {
    await faults.kill('db1');
    const goOn = await stoodStill(lab);
    faults.pauseTemporal();
    goOn();
    await pause(AWAY_MS); // the fault is this long: there is no state to wait for
    expect(load.acknowledged.at(-1)?.by).toBe(lab.server('db1').uuid); // fenced, and not routed without its orders
    faults.resumeTemporal();

    const told = await report();
    expect(told).toMatchObject({ outcome: 'done' });
    await load.nextAcknowledgement(undefined, lab.server(told.newPrimary ?? '').uuid);
    await settle({ primary: told.newPrimary ?? '' });
  }));
