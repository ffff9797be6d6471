import { type WorkflowHandle } from '@temporalio/client';
import { type RunbookReport } from '../../workflows/decisions/report';
import { progressQuery } from '../../workflows/messages';
import { P, sighting } from '../decisions/facts';
import { executed, primary, replica } from '../decisions/members';
import { back, returning } from './returning';
import { policy, type Scene, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const ada = { by: 'ada', reason: 'look first' };
const ended = (handle: WorkflowHandle): Promise<RunbookReport> => handle.result() as Promise<RunbookReport>;

/** Something of a scene that lasts until the test lets it go on. */
function held<Result>(result: () => Result) {
  let letGo: () => void = () => undefined;
  let begin: () => void = () => undefined;
  const free = new Promise<void>((resolve) => (letGo = resolve));
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const act = async (): Promise<Result> => {
    begin();
    await free;
    return result();
  };
  return { act, begun, letGo: () => letGo() };
}

async function untilLooked(handle: WorkflowHandle): Promise<void> {
  while ((await handle.query(progressQuery)).steps[0]?.state !== 'done') await new Promise((r) => setTimeout(r, 15));
}

/** The activities that a run has asked for. */
async function scheduled(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
}

async function untilPaused(handle: WorkflowHandle): Promise<void> {
  for (;;) {
    const { paused, steps } = await handle.query(progressQuery);
    if (paused && steps.every(({ state }) => state !== 'running')) return;
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

describe('a failover', () => {
  test('paused while it asks, it does not begin when it is approved; resumed, it does', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    await stage.question(handle);
    expect(await stage.say(handle, 'pause', ada)).toMatch(
      /^paused before its next step; unless somebody resumes it, it is called off at 20\S+Z$/,
    );
    expect(await stage.say(handle, 'pause', { by: 'eve' })).toMatch(/^It is paused already, by ada, until 20/);
    await stage.approve(handle);
    await untilPaused(handle);
    const page = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(page.currentDetails).toMatch(/\*\*Paused by ada\*\* until .*: look first\. Go on with the update `resume`/);
    expect(touched(played.calls)).toEqual([]);
    expect(await stage.say(handle, 'resume', { by: 'bob' })).toBe('resumed by bob');
    expect(await stage.say(handle, 'resume', { by: 'bob' })).toBe('It is not paused.');
    const { outcome, decisions } = await ended(handle);
    expect(outcome).toBe('done');
    expect(decisions).toEqual(expect.arrayContaining(['paused by ada: look first', 'resumed by bob']));
  });

  test('called off while it asks: nothing was changed, and the permit is given back', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played, { trigger: 'watcher' });
    await stage.question(handle);
    expect(await stage.say(handle, 'cancel', ada)).toBe('called off by ada');
    expect(await ended(handle)).toMatchObject({
      outcome: 'rejected',
      headline: 'Called off by ada: look first, nothing was changed',
    });
    expect(touched(played.calls)).toEqual([]);
    expect(played.calls).toContain('returnPermit');
  });

  test('cancelled by Temporal while the ledger is asked: the permit is given back only when it was answered', async () => {
    const taking = held(() => ({ granted: true, because: 'allowed' }));
    const played = stage.put({ acts: { takePermit: taking.act } });
    const handle = await stage.start(played, { trigger: 'watcher' });
    await taking.begun;
    await untilLooked(handle);
    await handle.cancel();
    await handle.query(progressQuery); // answered when the cancellation has been heeded
    const meanwhile = await scheduled(handle);
    taking.letGo();
    expect(meanwhile).not.toContain('returnPermit');
    expect(await ended(handle)).toMatchObject({ outcome: 'rejected', headline: 'Called off, nothing was changed' });
    expect(await scheduled(handle)).toContain('returnPermit');
    expect(touched(played.calls)).toEqual([]);
  });

  test('called off while it is paused', async () => {
    const played = stage.put({ cluster: policy({ mode: 'approve' }) });
    const handle = await stage.start(played);
    await stage.question(handle);
    await handle.signal('pause', ada);
    await stage.approve(handle);
    await untilPaused(handle);
    await handle.signal('cancel', { by: 'bob' });
    expect((await ended(handle)).headline).toBe('Called off by bob, nothing was changed');
    expect(touched(played.calls)).toEqual([]);
  });

  test('while clients wait nobody pauses or cancels it: it goes on to its end and says so', async () => {
    const opening = held(() => ({ result: 'opened', uuid: 'u', epoch: 2, executed: `${P}:1-100`, parts: [] }));
    const played = stage.put({ acts: { openPrimary: opening.act as never } });
    const handle = await stage.start(played);
    await opening.begun;
    expect(await stage.say(handle, 'pause', ada)).toMatch(/^Clients wait for writes/);
    expect(await stage.say(handle, 'cancel', ada)).toMatch(/^It is past its point of no return/);
    await handle.signal('cancel', ada);
    await handle.cancel();
    opening.letGo();
    const { outcome, decisions } = await ended(handle);
    expect(outcome).toBe('done');
    expect(decisions).toContain(
      'a signal "cancel" of ada did not count: It is past its point of no return and goes on to its end.',
    );
  });

  test('once writes are proven it can be paused again, and not be called off', async () => {
    const settling = held(() => ({ events: [], channelsReset: 1 }));
    const played = stage.put({ acts: { settleNewPrimary: settling.act } });
    const handle = await stage.start(played);
    await settling.begun;
    expect(await stage.say(handle, 'cancel', ada)).toMatch(/^It is past its point of no return/);
    expect(await stage.say(handle, 'pause', ada)).toMatch(/unless somebody resumes it, it goes on at/);
    settling.letGo();
    await untilPaused(handle);
    expect(played.calls).not.toContain('routeReads db2');
    await stage.say(handle, 'resume', ada);
    expect(await ended(handle)).toMatchObject({ outcome: 'done' });
    expect(played.calls).toContain('routeReads db2');
  });

  test.each([
    ['pause', {}, /^Say who wants it/],
    ['pause', { by: 'ada', minutes: 'long' }, /^Say for how many minutes/],
    ['cancel', 'stop', /^Say who wants it/],
    ['resume', { by: 42 }, /^Say who wants it/],
  ])('%s %j is refused with what to type, and hangs nobody', async (control, word, why) => {
    const handle = await stage.start(stage.put({ cluster: policy({ mode: 'approve' }) }));
    await stage.question(handle);
    expect(await stage.say(handle, control, word)).toMatch(why);
    await stage.reject(handle);
    await handle.result();
  });

  test('the Web UI shows every door with what to type', async () => {
    const handle = await stage.start(stage.put({ cluster: policy({ mode: 'approve' }) }));
    const { planHash } = await stage.question(handle);
    const { definition } = await handle.query<{
      definition: Record<
        'updateDefinitions' | 'signalDefinitions' | 'queryDefinitions',
        { name: string; description?: string }[]
      >;
    }>('__temporal_workflow_metadata');
    const doors = ['approve', 'breakGlass', 'cancel', 'pause', 'reject', 'resume'];
    const own = (kind: keyof typeof definition) => definition[kind].filter(({ name }) => !name.startsWith('__'));
    const names = (kind: keyof typeof definition) =>
      own(kind)
        .map(({ name }) => name)
        .sort();
    expect(names('updateDefinitions')).toEqual(doors);
    expect(names('signalDefinitions')).toEqual(['alertResolved', ...doors, 'stageProgress']);
    const ofPrograms: Record<string, RegExp> = {
      alertResolved: /Argument: \{"source": /,
      stageProgress: /^From a worker/,
    };
    for (const { name, description } of [...own('updateDefinitions'), ...own('signalDefinitions')])
      expect(description).toMatch(ofPrograms[name] ?? /Argument: \{"by": "you@example.com"/);
    const approve = own('updateDefinitions').find(({ name }) => name === 'approve');
    expect(approve?.description).toContain(`"plan": "${planHash.slice(0, 12)}"`);
    await stage.reject(handle);
    await handle.result();
  });
});

describe('a switchover', () => {
  const well: Partial<Scene> = {
    looks: [
      sighting([
        primary('db1', executed(`${P}:1-100`)),
        replica('db2', 'db1', executed(`${P}:1-100`)),
        replica('db3', 'db1', executed(`${P}:1-100`)),
      ]),
    ],
  };

  test('called off while it prepares: what was moved is moved back, and the primary stays', async () => {
    const catching = held(() => ({ behindMs: 4, waitedMs: 20, applied: 3 }));
    const played = stage.put({
      ...well,
      cluster: policy({}, { durability: 'async' }),
      acts: { catchUp: catching.act },
    });
    const handle = await stage.begin('plannedSwitchover', played, { to: 'db2' });
    await catching.begun;
    expect(await stage.say(handle, 'cancel', ada)).toBe('called off by ada');
    const report = await ended(handle);
    catching.letGo();
    expect(report).toMatchObject({
      outcome: 'rejected',
      headline: 'Called off by ada: look first, db1 is the primary as before',
    });
    expect(played.calls).not.toContain('switchPrimary');
    expect(played.calls.filter((call) => call === 'repointReplica db3')).toHaveLength(2);
  });

  test('called off while it waits for sessions: nothing was changed', async () => {
    let looked = 0;
    const busy = () => (
      looked++,
      Promise.resolve([{ session: 7, kind: 'transaction', seconds: 9, user: 'app' }] as never)
    );
    const played = stage.put({ ...well, cluster: policy({}, { durability: 'async' }), acts: { holdupsOn: busy } });
    const handle = await stage.begin('plannedSwitchover', played, { to: 'db2' });
    while (looked === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ outcome: 'rejected', headline: 'Called off, nothing was changed' });
    expect(touched(played.calls).filter((call) => call !== 'holdupsOn')).toEqual([]);
  });
});

test('a rejoin that is called off between two steps says how to go on', async () => {
  const closing = held(() => ({ persisted: true, because: 'read-only now and at every start' }));
  const played = stage.put({ ...returning(back), acts: { closeForGood: closing.act } });
  const handle = await stage.begin('rejoinInstance', played, { instance: 'db1' });
  await closing.begun;
  expect(await stage.say(handle, 'cancel', ada)).toBe('called off by ada');
  closing.letGo();
  const report = await ended(handle);
  expect(report).toMatchObject({
    outcome: 'failed',
    headline: 'Called off by ada: look first before db1 was a replica like every other',
  });
  expect(report.left.join()).toMatch(/start rejoinInstance again/);
  expect(played.calls).not.toContain('repointReplica db1');
});
