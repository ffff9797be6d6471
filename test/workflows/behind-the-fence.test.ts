import { A, deaf, haproxy, P, seen, sighting } from '../decisions/facts';
import { silent, snapshotOf } from '../decisions/members';
import { db2, db3, fails, failsFirst, gone, policy, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

describe('behind the fence', () => {
  const away = { router: 'edge', fenced: false, because: 'no answer', unreachable: true };
  const behind = (whenUnreachable: 'ask' | 'fence') => policy({}, { routers: [{ ...haproxy, whenUnreachable }] });
  const withoutEdge = (durability: object = {}) => ({
    fenceOldPrimary: () =>
      Promise.resolve({
        findings: {
          ...{ routers: [away], receiversStopped: ['db2', 'db3'], receiversNotStopped: [] },
          ...{ superReadOnly: { set: false, because: 'no answer' }, command: null },
        },
        frozen: snapshotOf(db2, db3),
        parts: [],
      }),
    ...durability,
  });

  test('fence, a router that cannot be reached: nothing is opened until the old primary is fenced itself, whoever approves', async () => {
    const [never, done] = ['no answer', 'powered off'].map((because, index) => ({
      ...{ superReadOnly: { set: false, because: 'no answer' } },
      command: { succeeded: index === 1, because },
    }));
    let tried = 0;
    const fenceServer = () => Promise.resolve(tried++ === 0 ? never! : done!);
    const played = stage.put({ cluster: behind('fence'), acts: withoutEdge({ fenceServer }) });
    const handle = await stage.start(played);
    const first = await stage.approve(handle);
    expect(first.text).toBe('Fence db1 once more?');
    expect(first.because[0]).toMatch(/^router edge cannot be reached and may lead clients to db1, .*\(invariant 1\)$/);
    expect((await stage.question(handle, first.id)).text).toBe('Fence db1 once more?');
    expect(played.calls).not.toContain('openPrimary db2');
    await stage.approve(handle, first.id);
    expect(await handle.result()).toMatchObject({
      outcome: 'done',
      fenceProofs: ['the fence command of db1 succeeded: powered off'],
    });
    expect(played.calls.indexOf('openPrimary db2')).toBeGreaterThan(played.calls.lastIndexOf('fenceServer'));
  });

  test('ask, a router that went away after the look: writes open by a word of a person', async () => {
    const played = stage.put({ cluster: behind('ask'), acts: withoutEdge() });
    const handle = await stage.start(played);
    const question = await stage.reject(handle);
    expect(question.text).toBe('Open writes without these routers?');
    expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
    expect(played.calls).not.toContain('openPrimary db2');
  });

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
    expect(await handle.result()).toMatchObject({
      outcome: 'rejected',
      headline: 'Called off, nothing was changed',
    });
    expect(touched(played.calls)).toEqual([]);
  });
});
