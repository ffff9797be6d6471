import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { progressQuery, reportQuery } from '../../workflows/messages';
import { A, commit, dns, P, seen, sighting } from '../decisions/facts';
import { executed, primary, replica, silent } from '../decisions/members';
import { db2, db3, gone, policy, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const byWatcher = { trigger: 'watcher' };
const attributesOf = async (handle: WorkflowHandle): Promise<Record<string, unknown>> => {
  const { typedSearchAttributes } = await handle.describe();
  return Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
};

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

  test.each([
    [
      true,
      'decisions',
      /^resolvers may send clients of router edge to db1 for 5 s more; it is fenced: db1 itself confirms super_read_only/,
    ],
    [
      false,
      'left',
      /^resolvers may send clients of router edge to db1 for 5 s more, and nothing proves that it takes no writes/,
    ],
  ] as const)('behind a DNS name no router is a proof; old primary read-only: %s', async (set, where, words) => {
    const opened = primary('db2', executed(`${P}:1-100,${A}:1`));
    const routers = [
      {
        router: 'edge',
        proved: true,
        elapsedMs: 1,
        staleForSeconds: 5,
        because: 'a write came through',
        noProof: 'a name server cuts no sessions',
      },
    ];
    const played = stage.put({
      cluster: policy({}, { routers: [dns] }),
      looks: [sighting([gone, opened, db3], { lastSeen: seen(`${P}:1-100`) })],
      acts: {
        routeWrites: () => Promise.resolve({ routers, provedAt: new Date().toISOString(), parts: [] }),
        fenceServer: () => Promise.resolve({ superReadOnly: { set, because: 'as asked' }, command: null }),
      },
    });
    const report = await stage.run(played);
    expect(report).toMatchObject({ outcome: 'done', newPrimary: 'db2' });
    expect(report.fenceProofs).toEqual(set ? [expect.stringMatching(/^db1 itself/)] : []);
    expect(report[where]).toContainEqual(expect.stringMatching(words));
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
      cause: ApplicationFailure;
    };
    expect(error.cause).toBeInstanceOf(ApplicationFailure);
    expect(error.cause.type).toBe('UNKNOWN_CLUSTER');
  });
});
