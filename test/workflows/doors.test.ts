import { randomUUID } from 'node:crypto';
import { type ApplicationFailure } from '@temporalio/common';
import { ensureSearchAttributes } from '../../workers/search-attributes';
import { type Permit } from '../../workflows/decisions/permits';
import { type RunbookReport } from '../../workflows/decisions/report';
import {
  changeId,
  EMERGENCY_TASK_QUEUE,
  PERMITS_ID,
  requestPermitUpdate,
  TASK_QUEUE,
  watchId,
} from '../../workflows/messages';
import { fails, observeUntilCancelled, policy, Stage } from './stage';
import { workflowBundle } from './temporal';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

/** What made a run fail, below Temporal's wrapping. */
async function failureOf(result: Promise<unknown>): Promise<Error & { type?: string | null }> {
  const error = (await result.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )) as Error;
  let innermost = error;
  while (innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost;
}

const execute = (workflow: string, args: unknown[], workflowId = randomUUID()): Promise<unknown> =>
  stage.client.workflow.execute(workflow, { taskQueue: EMERGENCY_TASK_QUEUE, workflowId, args });

describe('what is typed', () => {
  test.each<[string, unknown[], RegExp]>([
    ['nothing', [], /\("cluster" is missing\)/],
    ['null', [null], /\("cluster" is missing\)/],
    ['an unknown key', [{ cluster: 'orders', dryrun: true }], /\(there is no field "dryrun"\)/],
    [
      'a slip',
      [{ clutser: 'orders' }],
      /\("cluster" is missing, there is no field "clutser"\)|\(there is no field "clutser", "cluster" is missing\)/,
    ],
    ['an empty name', [{ cluster: '' }], /\("cluster": Too small/],
    ['a number', [7], /expected object/],
    ['JSON inside a string', ['{"cluster":"orders"}'], /expected object/],
  ])('%s is refused at once with the correct form', async (_, args, why) => {
    const failure = await failureOf(execute('emergencyFailover', args));
    expect(failure.type).toBe('INVALID_INPUT');
    expect(failure.message).toMatch(why);
    expect(failure.message).toMatch(
      /^emergencyFailover does not understand its input [^\n]*: type \{"cluster":"orders"\}$/,
    );
  });

  test('an unknown cluster is the first sentence of the page, also where the run was started under an id of its own', async () => {
    const error = (await execute('emergencyFailover', [{ cluster: 'ordres' }]).catch(
      (reason: unknown) => reason,
    )) as Error;
    expect((error.cause as Error).message).toMatch(/^no cluster ordres/);
    expect((error.cause as ApplicationFailure).type).toBe('UNKNOWN_CLUSTER');
  });

  test('a bare name is taken as the cluster', async () => {
    const { cluster } = stage.put();
    expect(await execute('emergencyFailover', [cluster])).toMatchObject({ cluster, outcome: 'done' });
  });

  test('a runbook that does not exist answers with those that do', async () => {
    const failure = await failureOf(execute('emergencyfailover', [{ cluster: 'orders' }]));
    expect(failure.message).toBe(
      'There is no runbook "emergencyfailover". Known: archiveBinlogs, backUp, emergencyFailover, failoverDrill, plannedSwitchover, provisionReplica, purgeBinlogs, rejoinInstance, restoreToPoint, scheduledRun, upgradeCluster, verifyBackup, watchCluster (upper and lower case matter).',
    );
  });
});

describe('one change of a cluster at a time', () => {
  test('fifty starts at once are one run, which everybody is attached to', async () => {
    const played = stage.put();
    const handles = await Promise.all(Array.from({ length: 50 }, () => stage.start(played)));
    const reports = (await Promise.all(handles.map((handle) => handle.result()))) as RunbookReport[];
    expect(new Set(reports.map((report) => report.run)).size).toBe(1);
    expect(played.calls.filter((call) => call === 'fenceOldPrimary')).toHaveLength(1);
  });

  test('a run that was started by hand under another id runs its body as a child with the cluster’s lock', async () => {
    const played = stage.put();
    const report = (await execute('emergencyFailover', [{ cluster: played.cluster }])) as RunbookReport;
    expect(report.outcome).toBe('done');
    const holder = await stage.client.workflow.getHandle(changeId(played.cluster)).describe();
    expect(holder.runId).toBe(report.run);
  });

  test('the lock is held: the second one is refused with the holder’s name', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    await stage.question(handle);
    const failure = await failureOf(execute('emergencyFailover', [{ cluster: played.cluster }]));
    expect(failure.type).toBe('CHANGE_IN_PROGRESS');
    expect(failure.message).toContain(`runbook status ${changeId(played.cluster)}`);
    await stage.reject(handle);
    await handle.result();
  });

  test('a dry run needs no lock', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    await stage.question(handle);
    expect(await execute('emergencyFailover', [{ cluster: played.cluster, dryRun: true }])).toMatchObject({
      outcome: 'planned',
    });
    await stage.reject(handle);
    await handle.result();
  });

  test('whoever terminates the outer run does not stop the change half way', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const outer = await stage.start(played, {}, randomUUID());
    const inner = stage.client.workflow.getHandle(changeId(played.cluster));
    for (let running = false; !running;)
      running = await inner.describe().then(
        () => true,
        () => false,
      );
    await outer.terminate('it hangs, I think');
    await stage.approve(inner);
    expect(await inner.result()).toMatchObject({ outcome: 'done' });
  });
});

describe('the watcher', () => {
  const watch = (cluster: string, order: object = {}) =>
    stage.client.workflow.start('watchCluster', {
      workflowId: watchId(cluster),
      taskQueue: TASK_QUEUE,
      args: [{ cluster, ...order }],
    });

  test('watches until it is cancelled', async () => {
    let observing: (order: unknown) => void = () => undefined;
    const begun = new Promise((resolve) => (observing = resolve));
    const played = stage.put({
      acts: {
        observePrimary: (order) => {
          observing(order);
          return observeUntilCancelled();
        },
      },
    });
    const handle = await watch(played.cluster);
    expect(await begun).toEqual({ cluster: played.cluster, probeMs: 200 });
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect((await handle.describe()).status.name).toMatch(/COMPLETED|CANCELLED/);
  });

  test('an observer that dies is started again at once', async () => {
    let times = 0;
    const played = stage.put({
      acts: {
        observePrimary: () => {
          times += 1;
          return times === 1 ? fails('CONNECTION_LOST', 'the worker stumbled')() : Promise.resolve();
        },
      },
    });
    await (await watch(played.cluster)).result();
    expect(times).toBe(2);
  });

  test('a wrong order is refused with the correct form', async () => {
    const failure = await failureOf((await watch('x', { probeMs: 1 })).result());
    expect(failure.message).toMatch(/\("probeMs": Too small.*: type \{/);
  });
});

describe('the ledger of automatic failovers', () => {
  const request = (change: object = {}) => ({
    cluster: `c-${randomUUID()}`,
    run: randomUUID(),
    peek: false,
    perCluster: { failovers: 1, perMinutes: 60 },
    perFleet: { failovers: 3, perMinutes: 60 },
    ...change,
  });

  /** As the activity is repeated: a server takes ten updates of one run at a time and turns the rest away for a moment. */
  const patiently = (one: ReturnType<typeof request>): Promise<Permit> =>
    stage.permits.take(one).catch(() => patiently(one));

  test('fifty clusters ask at the same time: three are let through; what is given back can be given again', async () => {
    const requests = Array.from({ length: 50 }, () => request());
    const permits = await Promise.all(requests.map(patiently));
    const granted = requests.filter((_, index) => permits[index]?.granted);
    expect(granted).toHaveLength(3);
    const [first] = granted;
    expect(await stage.permits.take(first ?? request())).toEqual(permits[requests.indexOf(first ?? request())]);
    expect((await stage.permits.take(request({ peek: true }))).granted).toBe(false);

    await stage.permits.giveBack(first?.run ?? '');
    expect((await stage.permits.take(request())).granted).toBe(true);
    expect((await stage.permits.take(request())).granted).toBe(false);
  });

  test('a request that is typed wrongly is refused and hangs nobody', async () => {
    const handle = stage.client.workflow.getHandle(PERMITS_ID);
    await stage.permits.take(request({ peek: true }));
    const failure = await failureOf(handle.executeUpdate(requestPermitUpdate, { args: [{} as never] }));
    expect(failure.message).toMatch(/^A permit is asked for with/);
    expect(
      await stage.permits.take(request({ peek: true, perFleet: { failovers: 99, perMinutes: 60 } })),
    ).toMatchObject({
      granted: true,
    });
  });
});

test('search attributes that are there already are left alone', async () => {
  await expect(ensureSearchAttributes(stage.connection, 'default')).resolves.toBeUndefined();
});

test('no driver, no builtin of Node and no code of an activity is in the workflow bundle', async () => {
  const { code } = await workflowBundle();
  const modules = [...code.matchAll(/^\/\*\*\*\/ "(\.[^"]+)"/gm)].map(([, path]) => path ?? '');
  expect(modules).toEqual(expect.arrayContaining([expect.stringMatching(/workflows\/emergency-failover\.ts$/)]));
  const foreign = modules.filter(
    (path) =>
      /mysql2|pino|\/yaml\/|@temporalio\/(client|worker|activity)/.test(path) ||
      /^\.\/(activities|workers|cli|lab)\//.test(path),
  );
  expect(foreign).toEqual([]);
  expect(code).not.toMatch(/require\("(node:)?(fs|net|child_process|crypto|os)"\)/);
});
