import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportOf } from '../../lab/follow-run';
import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId } from '../../workflows/messages';
import { approvingAll, standsStillAt, stoodStill } from './faulty-worker';
import { incident } from './incident';
import { receivedBy } from './standing';

/** Preferred, so it is the candidate whichever replica received the last transaction. */
const CANDIDATE = 'db2';
const NEXT = 'db3';

/** Before the positions were collected nobody knows what the candidate held, and once it was open it may have taken writes. */
const EARLY = ['fence:begin', 'fence:receivers stopped'];
const HARMLESS = ['fence:positions collected', 'open:begin', 'open:ready to open', 'open:writes open'];
const LATE = [
  ['open:epoch recorded', 'failed'],
  ['openPrimary:done', 'failed'],
  ['route:haproxy-1 pointed', 'failed'],
  ['route:haproxy-1 proven', 'done'],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'mrt-f22-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * db1 dies; at `point` of its failover the candidate dies too. Returns the first run's report and what was asked on the way.
 * A transaction that only the candidate received dies with both: that is a loss (F12) and another story, so such a scene is set anew.
 */
async function dieAt(point: string, check: (told: RunbookReport, asked: string[]) => void): Promise<void> {
  const scene = { met: false };
  while (!scene.met)
    await incident(
      {
        perSecond: 20,
        workers: [standsStillAt(mkdtempSync(join(folder, 'try-')), point)],
        promotion: { [CANDIDATE]: 'prefer' },
        failover: { atMost: { failovers: 3, perMinutes: 60 } },
      },
      async (staged) => {
        const { lab, client, faults, load, settle } = staged;
        await faults.kill('db1');
        const goOn = await stoodStill(lab);
        if ((await receivedBy(lab, CANDIDATE, 'db1')) !== (await receivedBy(lab, NEXT, 'db1'))) return;
        scene.met = true;
        const { runId } = await client.workflow.getHandle(changeId(lab.cluster)).describe();
        await faults.kill(CANDIDATE);
        const resumed = load.nextAcknowledgement(undefined, lab.server(NEXT).uuid);
        goOn();
        const { asked } = await approvingAll(staged, resumed);
        const report = await reportOf(client.workflow.getHandle(changeId(lab.cluster), runId));
        await settle({ primary: NEXT });
        check(report, asked);
      },
    );
}

test.each(HARMLESS)('F22: the candidate dies during promotion, at "%s": another is elected by itself', (point) =>
  dieAt(point, (told, asked) => {
    expect(asked).toEqual([]);
    expect(told).toMatchObject({ outcome: 'done', newPrimary: NEXT });
  }),
);

test.each(EARLY)('F22: the candidate dies at "%s", before it is known what it held: a human is asked first', (point) =>
  dieAt(point, (told, asked) => {
    expect(asked.join()).toMatch(/db2 cannot be read.* and may alone have acknowledged/);
    expect(told).toMatchObject({ outcome: 'done', newPrimary: NEXT });
  }),
);

test.each(LATE)(
  'F22: the candidate dies at "%s", when it was open: the run ends "%s", and a second one replaces it',
  (point, outcome) =>
    dieAt(point, (told, asked) => {
      expect(told).toMatchObject({ outcome, newPrimary: CANDIDATE });
      if (outcome === 'failed') expect(told.headline).toMatch(/^db2 was opened .* but no write came through haproxy-1/);
      expect(asked.join()).toMatch(/promote db3 in place of db2/);
    }),
);
