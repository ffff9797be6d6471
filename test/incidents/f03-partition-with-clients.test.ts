import { eventually } from '../support/wait';
import { incident, type Incident } from './incident';
import { isClosed } from './standing';

/** Sooner than anybody can have fenced it. */
const FALLS_BACK_SOON = { db1: ['loose-rpl-semi-sync-source-timeout=500'] };

/** Only the router still reaches db1: its replicas, the watcher and every runbook do not. */
async function partition({ faults }: Incident): Promise<void> {
  await faults.link('router', 'db1', { kind: 'open' });
  await faults.link('*', 'db1', { kind: 'blackhole' });
}

test('F3: clients still reach a primary that nobody else reaches; no other server opens before the routers have left it, and nothing acknowledged is lost', () =>
  incident({ links: true, durability: 'lossless' }, async (told) => {
    const { lab, load, report, settle, faults } = told;
    await partition(told);
    const run = await report();

    expect(run.outcome).toBe('done');
    expect(run.decisions[0]).toMatch(/^hung: db1 answers nothing in time, and none of its replicas hears it/);
    expect(run.fenceProofs).toEqual([
      expect.stringMatching(/every router \(haproxy-1\) reads back that no server takes writes/),
      expect.stringMatching(/db1 cannot acknowledge a commit: it waits for a replica without end/),
    ]);
    expect(run.rpo).toMatchObject({ provablyZero: true, lost: '' });
    await load.nextAcknowledgement(undefined, lab.server(run.newPrimary ?? '').uuid);
    await faults.healLinks();
    await closed(told);
    await settle({ quarantined: ['db1'] });
  }));

test('F3: where the isolated primary may fall back to asynchronous, the report does not call its loss zero', () =>
  incident({ links: true, durability: 'semi-sync', serverOptions: FALLS_BACK_SOON }, async (told) => {
    const { lab, load, report, settle, faults } = told;
    await partition(told);
    const run = await report();

    expect(run.outcome).toBe('done');
    expect(run.fenceProofs[0]).toMatch(/every router \(haproxy-1\) reads back/);
    await load.nextAcknowledgement(undefined, lab.server(run.newPrimary ?? '').uuid);
    await faults.healLinks();
    await closed(told);
    const seen = await settle({ quarantined: ['db1'], mayLose: true });
    expect((await seen.lostOn(run.newPrimary ?? '')).length).toBeGreaterThan(0);
    expect(run.rpo?.provablyZero).toBe(false);
    expect(run.rpo?.because).toMatch(/may have gone on without/);
  }));

/** I4: when the partition heals, the watcher closes the old primary. */
async function closed({ lab }: Incident): Promise<void> {
  await eventually('db1 is closed', () => isClosed(lab, 'db1'));
}
