import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { approveSignal, approveUpdate, progressQuery, rejectUpdate, reportQuery } from '../../workflows/messages';
import { A, commit, deaf, P, seen, sighting } from '../decisions/facts';
import { executed, primary, replica, silent, snapshotOf } from '../decisions/members';
import { db2, db3, dead, fails, failsFirst, gone, policy, secondOpinionBy, Stage } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const back = sighting([primary('db1', executed(`${P}:1-100`)), replica('db2', 'db1'), replica('db3', 'db1')], {
  probe: commit('committed'),
});
const touched = (calls: readonly string[]) =>
  calls.filter((call) => !/^(sightCluster|takePermit|returnPermit|writeReport|second look)/.test(call));
const byWatcher = { trigger: 'watcher' };
const attributesOf = async (handle: WorkflowHandle): Promise<Record<string, unknown>> => {
  const { typedSearchAttributes } = await handle.describe();
  return Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
};
const eventsOf = async (id: string): Promise<number> =>
  (await stage.client.workflow.getHandle(id).fetchHistory()).events?.length ?? 0;

describe('it ends without a change', () => {
  test('the primary lives: stand down', async () => {
    const played = stage.put({ looks: [back] });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'stood down', oldPrimary: 'db1', newPrimary: null });
    expect(report.headline).toMatch(/^Stood down, nothing was changed: db1 answers/);
    expect(touched(played.calls)).toEqual([]);
  });

  test('a dry run shows the plan and writes no report file', async () => {
    const played = stage.put();
    const report = await stage.run(played, { dryRun: true });
    expect(report).toMatchObject({ outcome: 'planned', headline: expect.stringMatching(/^promote db2/) as string });
    expect(played.calls).toEqual(['sightCluster']);
  });

  test('a person rejects, and is named', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    await stage.reject(handle);
    expect(await handle.result()).toMatchObject({
      outcome: 'rejected',
      headline: 'Not approved, nothing was changed: ada rejected it: not now',
    });
    expect(touched(played.calls)).toEqual([]);
  });

  test('nobody answers in time', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve', approvalMinutes: 0.02 }) });
    const report = await stage.run(played);
    expect(report.outcome).toBe('rejected');
    expect(report.approvals[0]).toMatch(/: expired: nobody answered within 0.02 minutes$/);
    expect(touched(played.calls)).toEqual([]);
  });

  test('approved when the primary had come back: no longer needed', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }), looks: [dead, back] });
    const handle = await stage.start(played);
    await stage.approve(handle);
    expect(await handle.result()).toMatchObject({
      outcome: 'stood down',
      headline: expect.stringMatching(/no longer needed: db1 answers and committed/) as string,
    });
    expect(touched(played.calls)).toEqual([]);
  });

  test('a permit that was taken is given back when the run stands down', async () => {
    const played = stage.put({ looks: [back] });
    await stage.run(played, byWatcher);
    expect(played.calls).toContain('returnPermit');
  });

  test('a permit that cannot be given back does not fail the run', async () => {
    const played = stage.put({ looks: [back], acts: { returnPermit: fails('INTERNAL', 'no such workflow') } });
    expect(await stage.run(played, byWatcher)).toMatchObject({ outcome: 'stood down' });
  });
});

describe('it carries the failover out', () => {
  test('automatic: fence, open, route, tidy, in this order, with a report', async () => {
    const played = stage.put();
    const report = await stage.run(played, { ...byWatcher, requestedBy: 'watchCluster' });
    expect(report).toMatchObject({
      outcome: 'done',
      newPrimary: 'db2',
      left: [expect.stringMatching(/db1 could not/), expect.stringMatching(/db1 is out of the cluster/)] as string[],
    });
    expect(report.rto?.totalMs).toBeGreaterThan(0);
    expect(report.rpo).toMatchObject({ provablyZero: true });
    expect(report.fenceProofs).toHaveLength(1);
    expect(report.steps.map((step) => step.state)).not.toContain('failed');
    const order = touched(played.calls);
    expect(order.slice(0, 3)).toEqual(['fenceOldPrimary', 'openPrimary db2', 'routeWrites db2']);
    expect(order.slice(3).sort()).toEqual(
      ['quarantineOldPrimary', 'repointReplica db3', 'routeReads db2', 'settleNewPrimary'].sort(),
    );
    expect(played.calls).not.toContain('returnPermit');
  });

  test('approved by an update: refused votes leave no event behind, and the answers are in the report', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    const question = await stage.question(handle);
    expect(question.because).toEqual(['the policy of this cluster is to ask']);
    const before = await eventsOf(handle.workflowId);
    const refused = async (args: unknown, update = approveUpdate) =>
      handle
        .executeUpdate(update, { args: [args as never] })
        .catch((error: unknown) => ((error as Error).cause as Error).message);
    expect(await refused({ by: 'eve', plan: 'ffffffff' })).toMatch(/^The plan has changed since you looked/);
    expect(await refused({ plan: question.planHash })).toMatch(/^Say who answers/);
    expect(await refused({ by: 42 })).toMatch(/^Say who answers/);
    expect(await refused({ by: 'eve' }, rejectUpdate)).toMatch(/^Say why/);
    expect(await eventsOf(handle.workflowId)).toBe(before);
    const answer = await handle.executeUpdate(approveUpdate, {
      args: [{ by: 'ada', plan: question.planHash.slice(0, 8) }],
    });
    expect(answer).toBe('approved by ada');
    const report = (await handle.result()) as { outcome: string; approvals: string[] };
    expect(report.outcome).toBe('done');
    expect(report.approvals).toEqual([expect.stringMatching(/approved by ada$/)]);
  });

  test('approved by a signal; signals that do not count, or are no vote at all, are dropped with a note', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    const { planHash } = await stage.question(handle);
    await handle.signal(approveSignal, { by: 42 } as never);
    await handle.signal(approveSignal, 'yes' as never);
    await handle.signal(approveSignal, { by: 'eve', plan: 'ffffffff' });
    await handle.signal(approveSignal, { by: 'ada', plan: planHash });
    const report = (await handle.result()) as { outcome: string; approvals: string[] };
    expect(report.outcome).toBe('done');
    expect(report.approvals).toHaveLength(4);
    expect(report.approvals[2]).toMatch(/^a signal "approve" of eve did not count: The plan has changed/);
  });

  test('the facts changed while a plan was open: the approval is void and the new plan is asked for', async () => {
    const changed = sighting([gone, silent('db2'), db3], { lastSeen: seen(`${P}:1-100`, { acknowledgers: ['db3'] }) });
    const played = stage.put({
      cluster: policy({ mode: 'approve' }),
      looks: [dead, changed],
      frozen: [snapshotOf(silent('db2'), db3)],
    });
    const handle = await stage.start(played);
    const first = await stage.approve(handle);
    const second = await stage.approve(handle, first.id);
    expect(second.text).toMatch(/^promote db3/);
    expect(second.planHash).not.toBe(first.planHash);
    const report = (await handle.result()) as { newPrimary: string; approvals: string[] };
    expect(report.newPrimary).toBe('db3');
    expect(report.approvals[1]).toMatch(/its approval is void/);
    expect(played.calls).toContain('openPrimary db3');
    expect(played.calls).not.toContain('openPrimary db2');
  });

  test('tidying that fails is named as left over; the run still ends done', async () => {
    const played = stage.put({
      acts: {
        repointReplica: fails('SOURCE_PURGED_NEEDED_GTIDS', 'db3 needs purged logs'),
        settleNewPrimary: fails('STATEMENT_FAILED', 'no RESET for us'),
        routeReads: fails('ROUTER_MISCONFIGURED', 'no such backend'),
        quarantineOldPrimary: () =>
          Promise.resolve({ reached: true, extra: `${P}:101`, because: 'it alone has more', file: '/lost.sql' }),
        writeReport: fails('INTERNAL', 'disk full'),
      },
    });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'done', lostTransactionFiles: ['/lost.sql'] });
    const left = report.left.join('\n');
    for (const words of [
      'db3 needs purged logs. Mend it.',
      'no RESET for us',
      'no such backend',
      `db1 alone has ${P}:101`,
    ])
      expect(left).toContain(words);
  });

  test('a router that is not proven is named and the run is no success, but everything else is done', async () => {
    const routers = [{ router: 'edge', proved: false, elapsedMs: 0, because: 'no answer' }];
    const played = stage.put({ acts: { routeWrites: () => Promise.resolve({ routers, provedAt: null, parts: [] }) } });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'failed', newPrimary: 'db2', rto: null });
    expect(report.headline).toMatch(/no write came through edge/);
    expect(played.calls).toContain('repointReplica db3');
    expect(report.left.join()).toMatch(/router edge is not proven: no answer/);
  });
});

describe('what makes an automatic run ask', () => {
  test.each([
    [
      'a permit is refused',
      { takePermit: () => Promise.resolve({ granted: false, because: 'it may be flapping' }) },
      /^it may be flapping: a human must agree$/,
    ],
    [
      'the ledger fails',
      { takePermit: fails('INTERNAL', 'no ledger') },
      /^the fleet's ledger of failovers did not answer \(.*no ledger/,
    ],
  ])('%s', async (_, acts, because) => {
    const played = stage.put({ acts });
    const handle = await stage.start(played, byWatcher);
    expect((await stage.question(handle)).because).toEqual([expect.stringMatching(because)]);
    await stage.approve(handle);
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
  });

  test('a person is not counted', async () => {
    const played = stage.put({ acts: { takePermit: fails('INTERNAL', 'must not be asked') } });
    expect(await stage.run(played)).toMatchObject({ outcome: 'done' });
    expect(played.calls).not.toContain('takePermit');
  });

  test.each([
    [
      'disagrees',
      () =>
        Promise.resolve({
          cluster: policy({}),
          sighting: back,
          fleetLimit: { failovers: 1, perMinutes: 1 },
          parts: [],
        }),
      /does not agree: db1 answers/,
    ],
    ['does not answer', fails('HOST_UNREACHABLE', 'nobody there'), /does not agree: nobody there/],
  ])('a second opinion %s', async (_, sightCluster, because) => {
    const played = stage.put({ cluster: policy(secondOpinionBy), elsewhere: { sightCluster } });
    const handle = await stage.start(played);
    expect((await stage.question(handle)).because).toEqual([expect.stringMatching(because)]);
    await stage.reject(handle);
    expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
  });

  test('a second opinion that agrees lets it go on', async () => {
    const played = stage.put({ cluster: policy(secondOpinionBy) });
    expect(await stage.run(played)).toMatchObject({ outcome: 'done' });
    expect(played.calls).toContain('second look');
  });
});

describe('behind the fence', () => {
  const unproven = {
    fenceOldPrimary: () =>
      Promise.resolve({
        findings: {
          routers: [{ router: 'edge', fenced: false, because: 'no answer' }],
          receiversStopped: ['db2', 'db3'],
          receiversNotStopped: [],
          superReadOnly: { set: false, because: 'no answer' },
          command: null,
        },
        frozen: snapshotOf(db2, db3),
        parts: [],
      }),
  };

  test('a fence that is not proven asks; whoever vouches for it lets it go on', async () => {
    const played = stage.put({ acts: unproven });
    const handle = await stage.start(played);
    const question = await stage.approve(handle);
    expect(question.text).toBe('Go on without proof that db1 is fenced?');
    expect(question.because[0]).toMatch(/edge: no answer/);
    expect(await handle.result()).toMatchObject({ outcome: 'done', fenceProofs: [] });
  });

  test('rejected there: receivers run again, and what is left is said', async () => {
    const played = stage.put({ acts: unproven });
    const handle = await stage.start(played);
    await stage.reject(handle);
    const report = (await handle.result()) as { outcome: string; left: string[] };
    expect(report.outcome).toBe('rejected');
    expect(report.left[0]).toMatch(/writes are closed/);
    expect(played.calls.filter((call) => call.startsWith('startReceiving')).sort()).toEqual([
      'startReceiving db2',
      'startReceiving db3',
    ]);
    expect(played.calls).not.toContain('openPrimary db2');
  });

  test('the candidate dies while it is opened: the next one is elected, without a human', async () => {
    const played = stage.put({
      frozen: [snapshotOf(db2, db3), snapshotOf(silent('db2'), db3)],
      acts: {
        openPrimary: (order) =>
          order.candidate === 'db2'
            ? fails('CANDIDATE_LOST', 'db2 died')()
            : Promise.resolve({ result: 'opened', uuid: 'u3', epoch: 3, executed: '', parts: [] }),
      },
    });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db3', rpo: { provablyZero: true } });
    expect(report.left.join()).toContain('db2 died while it was being opened');
    expect(report.approvals).toEqual([]);
  });

  test('the candidate dies and alone held the last transactions: nobody else is opened without a human', async () => {
    const furthest = deaf('db2', { executed: `${P}:1-104` });
    const played = stage.put({
      looks: [sighting([gone, furthest, db3], { lastSeen: seen(`${P}:1-100`) })],
      frozen: [snapshotOf(furthest, db3), snapshotOf(silent('db2'), db3)],
      acts: {
        openPrimary: (order) =>
          order.candidate === 'db2' ? fails('CANDIDATE_LOST', 'db2 died')() : fails('INTERNAL', 'must not be opened')(),
      },
    });
    const handle = await stage.start(played);
    const question = await stage.reject(handle);
    expect(question.text).toMatch(/^promote db3/);
    expect(question.because.join()).toMatch(new RegExp(`${P}:101-104 would be lost`));
    expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
    expect(played.calls).not.toContain('openPrimary db3');
  });

  test('the furthest replica died between the look and the fence: its transactions are known, so it asks', async () => {
    const furthest = deaf('db2', { executed: `${P}:1-104` });
    const played = stage.put({
      looks: [sighting([gone, furthest, db3], { lastSeen: seen(`${P}:1-100`) })],
      frozen: [snapshotOf(silent('db2'), db3)],
    });
    const handle = await stage.start(played);
    expect((await stage.reject(handle)).because.join()).toMatch(/101-104 would be lost/);
    expect(await handle.result()).toMatchObject({ outcome: 'rejected', rpo: { lost: `${P}:101-104` } });
  });

  test('an approved server is not the one that is elected at last: it asks again', async () => {
    const played = stage.put({
      cluster: policy({ mode: 'approve' }),
      frozen: [snapshotOf(deaf('db2', { executed: `${P}:1-100,${A}:1` }), db3)],
    });
    const handle = await stage.start(played);
    const first = await stage.approve(handle);
    const second = await stage.approve(handle, first.id);
    expect(second.because[0]).toMatch(/this is not what was agreed to/);
    expect(await handle.result()).toMatchObject({ outcome: 'done', newPrimary: 'db3' });
  });

  test('nobody can be elected: it asks, looks again and goes on', async () => {
    const bad = deaf(
      'db2',
      { executed: `${P}:1-100` },
      {},
      { applier: 'stopped', applierError: { code: 1062, message: 'dup' } },
    );
    const played = stage.put({
      looks: [sighting([gone, db2, silent('db3')], { lastSeen: seen(`${P}:1-100`, { acknowledgers: ['db2'] }) })],
      frozen: [snapshotOf(bad, silent('db3')), snapshotOf(db2, silent('db3'))],
    });
    const handle = await stage.start(played);
    const question = await stage.approve(handle);
    expect(question.text).toMatch(/nobody can be promoted without a human: .*1062.*Look again\?$/);
    expect(await handle.result()).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
  });

  test('looking again is no consent to a barred server: that is asked on its own', async () => {
    const bad = deaf(
      'db2',
      { executed: `${P}:1-100` },
      {},
      { applier: 'stopped', applierError: { code: 1062, message: 'dup' } },
    );
    const played = stage.put({
      looks: [sighting([gone, db2, silent('db3')], { lastSeen: seen(`${P}:1-100`, { acknowledgers: ['db2'] }) })],
      frozen: [snapshotOf(bad, silent('db3'))],
    });
    const handle = await stage.start(played);
    const first = await stage.approve(handle);
    const second = await stage.reject(handle, first.id);
    expect(second.because.join()).toMatch(/db2 is the only choice left, although: its applier stopped/);
    expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
  });

  test('opening stops on a row: it asks, and tries again when told so', async () => {
    const opened = { result: 'opened' as const, uuid: 'u2', epoch: 2, executed: '', parts: [] };
    const played = stage.put({
      acts: { openPrimary: failsFirst(1, fails('APPLIER_STOPPED', 'db2 stopped with 1062'), () => opened) },
    });
    const handle = await stage.start(played);
    const question = await stage.approve(handle);
    expect(question.text).toBe('db2 stopped with 1062. Mend it. Try again?');
    expect(await handle.result()).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
    expect(played.calls.filter((call) => call === 'openPrimary db2')).toHaveLength(2);
  });

  test.each([
    ['the fence', 'fenceOldPrimary' as const],
    ['routing', 'routeWrites' as const],
  ])('an error of %s does not end the run: it asks, and tries again', async (_, name) => {
    let failed = false;
    const played = stage.put({
      acts: new Proxy(
        {},
        {
          get: (_target, key) =>
            key === name && !failed
              ? () => {
                  failed = true;
                  return fails('SECRET_UNAVAILABLE', 'no password')();
                }
              : undefined,
        },
      ),
    });
    const handle = await stage.start(played);
    expect((await stage.approve(handle)).text).toBe('no password. Mend it. Try again?');
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
  });

  test('a cancellation behind the fence does not leave the cluster without writes', async () => {
    const played = stage.put({ acts: unproven });
    const handle = await stage.start(played);
    const question = await stage.question(handle);
    await handle.cancel();
    await stage.approve(handle);
    expect(question.text).toMatch(/Go on without proof/);
    expect(await handle.result()).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
  });

  test('a cancellation before the fence changes nothing', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    await stage.question(handle);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(/cancelled/i);
    expect(touched(played.calls)).toEqual([]);
  });
});

describe('other plans', () => {
  const astray = sighting([primary('db1', executed(`${P}:1-100`)), replica('db2', 'db1'), replica('db3', 'db1')], {
    probe: commit('committed'),
    routers: [{ router: 'edge', writers: [], misconfigured: false, because: '' }],
  });

  test('finish: somebody opened db2 already, nobody is elected and nothing is stopped once more', async () => {
    const opened = primary('db2', executed(`${P}:1-100,${A}:1`));
    const played = stage.put({ looks: [sighting([gone, opened, db3], { lastSeen: seen(`${P}:1-100`) })] });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db2', plan: { kind: 'finish' } });
    expect(played.calls).toEqual(
      expect.arrayContaining(['openPrimary db2', 'routeWrites db2', 'repointReplica db3', 'quarantineOldPrimary']),
    );
    expect(played.calls).not.toContain('fenceOldPrimary');
    expect(played.calls.indexOf('fenceServer')).toBeLessThan(played.calls.indexOf('routeWrites db2'));
    expect(report.fenceProofs).toEqual([
      'every router (edge) reads back that only db2 takes writes, and has cut the other sessions',
    ]);
  });

  test('finish: what nothing proves to be fenced is left for a human', async () => {
    const opened = primary('db2', executed(`${P}:1-100,${A}:1`));
    const played = stage.put({
      looks: [sighting([gone, opened, db3], { lastSeen: seen(`${P}:1-100`) })],
      acts: { routeWrites: () => Promise.resolve({ routers: [], provedAt: null, parts: [] }) },
    });
    const report = await stage.run(played);
    expect(report.fenceProofs).toEqual([]);
    expect(report.left.join()).toMatch(/nothing proves that db1 can no longer take writes \(invariant 1\)/);
  });

  test('reroute: the primary is well and a router leads nowhere; only routers are touched', async () => {
    const played = stage.put({ looks: [astray] });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'done', newPrimary: null, plan: { kind: 'reroute' } });
    expect(touched(played.calls)).toEqual(['routeWrites db1']);
  });

  test('reroute: a router through which no write comes fails the run', async () => {
    const routers = [{ router: 'edge', proved: false, elapsedMs: 0, because: 'no answer.' }];
    const played = stage.put({
      looks: [astray],
      acts: { routeWrites: () => Promise.resolve({ routers, provedAt: null, parts: [] }) },
    });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'failed', headline: 'No write came through edge to db1' });
    expect(report.left).toEqual([
      'router edge is not proven: no answer. Then start emergencyFailover again: it does what is left',
    ]);
  });

  test('reroute: nobody asked for it, so a human is', async () => {
    const played = stage.put({ looks: [astray] });
    const handle = await stage.start(played, byWatcher);
    const question = await stage.approve(handle);
    expect(question.because.join()).toMatch(/somebody may have turned the router away on purpose/);
    expect(await handle.result()).toMatchObject({ outcome: 'done' });
    expect(played.calls).toContain('returnPermit');
  });

  test('reopen: the primary restarted read-only', async () => {
    const restarted = primary('db1', {
      readOnly: true,
      superReadOnly: true,
      uptimeSeconds: 2,
      ...executed(`${P}:1-100`),
    });
    const lastSeen = seen(`${P}:1-100`, { at: '2025-12-31T23:59:50.000Z' });
    const played = stage.put({ looks: [sighting([restarted, db2, db3], { probe: commit('read only'), lastSeen })] });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db1', plan: { kind: 'reopen' } });
    expect(played.calls).toContain('openPrimary db1');
    expect(played.calls).not.toContain('quarantineOldPrimary');
  });

  test('reattach: an intermediate source died; writers are not touched and no permit is used up', async () => {
    const below = replica('db3', 'db2', executed(`${P}:1-90`), { receiver: 'connecting' });
    const look = sighting([primary('db1', executed(`${P}:1-100`)), silent('db2', 'refused'), below], {
      probe: commit('committed'),
    });
    const played = stage.put({ looks: [look] });
    const report = await stage.run(played, byWatcher);
    expect(report).toMatchObject({ outcome: 'done', plan: { kind: 'reattach' } });
    expect(touched(played.calls)).toEqual(['repointReplica db3']);
    expect(played.calls).toContain('returnPermit');
  });
});

describe('what can be seen of a run', () => {
  test('progress while it waits, the report when it has ended, search attributes, and the Web UI’s page', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played, { reason: 'paged' });
    const question = await stage.question(handle);
    const progress = await handle.query(progressQuery);
    expect(progress).toMatchObject({
      runbook: 'emergencyFailover',
      cluster: played.cluster,
      phase: 'approval',
      outcome: null,
    });
    expect(progress.plan?.hash).toBe(question.planHash);
    expect(await handle.query(reportQuery)).toBeNull();
    const page = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(page.currentDetails).toContain('**Waiting for a human: promote db2');
    expect(page.currentDetails).toContain(`"plan": "${question.planHash.slice(0, 12)}"`);
    expect(await attributesOf(handle)).toMatchObject({
      MysqlCluster: played.cluster,
      AwaitingApproval: true,
      RunbookPhase: 'approval',
    });

    await stage.approve(handle);
    const report: unknown = await handle.result();
    expect(await handle.query(reportQuery)).toEqual(report);
    expect(report).toMatchObject({ reason: 'paged', outcome: 'done' });
    expect(await attributesOf(handle)).toMatchObject({
      RunbookKind: 'emergencyFailover',
      RunbookOutcome: 'done',
      RunbookPhase: 'ended',
      AwaitingApproval: false,
    });
  });

  test('an unknown cluster fails at once with the activity’s own words', async () => {
    const handle = await stage.start({ cluster: 'no-such', calls: [] });
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as {
      cause: { cause: ApplicationFailure };
    };
    expect(error.cause.cause).toBeInstanceOf(ApplicationFailure);
    expect(error.cause.cause.type).toBe('UNKNOWN_CLUSTER');
  });
});
