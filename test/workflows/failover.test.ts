import { approveSignal, approveUpdate, rejectUpdate } from '../../workflows/messages';
import { commit, P, seen, sighting } from '../decisions/facts';
import { executed, primary, replica, silent, snapshotOf } from '../decisions/members';
import { db3, dead, fails, gone, policy, secondOpinionBy, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const back = sighting([primary('db1', executed(`${P}:1-100`)), replica('db2', 'db1'), replica('db3', 'db1')], {
  probe: commit('committed'),
});
const byWatcher = { trigger: 'watcher' };
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
    expect(report.approvals).toEqual([expect.stringMatching(/approved by ada \(temporal, by their own word, \S+Z\)$/)]);
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
