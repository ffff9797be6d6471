import { type RunbookReport } from '../../workflows/decisions/report';
import { provisionId, rejectUpdate } from '../../workflows/messages';
import { snapshotOf, silent } from '../decisions/members';
import { ahead, back, closedPrimary, open, returning } from './returning';
import { fails, type Played, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const rejoin = async (played: Played, order: object = {}): Promise<RunbookReport> =>
  (await stage.begin('rejoinInstance', played, { instance: 'db1', ...order })).result() as Promise<RunbookReport>;

const FOLLOWS = ['closeForGood db2', 'repointReplica db1', 'advance db2', 'settleRejoined db2', 'routeReads db2'];

test('it has nothing of its own: closed for good, repointed, caught up, given back to reads, in this order', async () => {
  const played = stage.put(returning(back));
  const told = await rejoin(played);
  expect(told).toMatchObject({ outcome: 'done', oldPrimary: 'db2', left: [] });
  expect(told.headline).toBe('db1 replicates from db2 again and has caught up');
  expect(touched(played.calls)).toEqual(FOLLOWS);
});

test('a dry run changes nothing and copies nothing', async () => {
  const played = stage.put(returning(ahead));
  expect(await rejoin(played, { dryRun: true })).toMatchObject({ outcome: 'planned', plan: { kind: 'rejoin' } });
  expect(touched(played.calls)).toEqual([]);
});

test('it takes writes: it is closed first, and then judged anew', async () => {
  const played = stage.put({
    ...returning(open, back),
    acts: { closeAndCopy: () => Promise.resolve({ extra: '', file: null, because: 'nothing' } as never) },
  });
  expect(await rejoin(played)).toMatchObject({ outcome: 'done' });
  expect(touched(played.calls)).toEqual(['closeAndCopy db2', ...FOLLOWS]);
});

describe('it alone has transactions', () => {
  test('the question shows the file and the tables; approved, they are taken over and it follows', async () => {
    const played = stage.put(returning(ahead, back));
    const handle = await stage.begin('rejoinInstance', played, { instance: 'db1' });
    const question = await stage.approve(handle);
    expect(question.text).toBe('take over into db2 the 3 transactions that db1 alone has (3 × INSERT shop.orders)?');
    expect(question.because.join('\n')).toMatch(/read them first: \/reports\/lost.sql/);
    expect(await handle.result()).toMatchObject({ outcome: 'done', lostTransactionFiles: ['/reports/lost.sql'] });
    expect(touched(played.calls)).toEqual(['closeAndCopy db2', 'replayExtras db2', ...FOLLOWS]);
  });

  test('rejected: nothing is taken over, and the file is named', async () => {
    const played = stage.put(returning(ahead));
    const handle = await stage.begin('rejoinInstance', played, { instance: 'db1' });
    await stage.question(handle);
    await handle.executeUpdate(rejectUpdate, { args: [{ by: 'ada', reason: 'repeated by hand' }] });
    const told = (await handle.result()) as RunbookReport;
    expect(told).toMatchObject({ outcome: 'rejected' });
    expect(told.left.join()).toMatch(/decide by \/reports\/lost.sql/);
    expect(touched(played.calls)).toEqual(['closeAndCopy db2']);
  });

  test('the order says rebuild: it is handed to provisionReplica, with the file', async () => {
    const played = stage.put(returning(ahead));
    const told = await rejoin(played, { extras: 'rebuild' });
    expect(told.outcome).toBe('stood down');
    expect(told.headline).toMatch(
      /left read-only to cluster\/\S+\/provision\/\S+, as ordered: .* is in \/reports\/lost.sql$/,
    );
    await stage.client.workflow.getHandle(provisionId(played.cluster, 'db1')).terminate();
  });

  test('the order says refuse: refused with the file, nobody is asked', async () => {
    const played = stage.put(returning(ahead));
    const told = await rejoin(played, { extras: 'refuse' });
    expect(told.outcome).toBe('refused');
    expect(told.headline).toMatch(/the order says to leave them/);
    expect(told.headline).toMatch(/invariant 4.*They are in \/reports\/lost.sql$/);
    expect(touched(played.calls)).toEqual(['closeAndCopy db2']);
  });

  test('they change rows: refused also where the order says replay', async () => {
    const verdict = { possible: false, because: 'they change or delete rows' };
    const copy = { extra: 'x:1', file: '/f', changes: { transactions: 1, rows: [], others: [] }, verdict, because: '' };
    const played = stage.put({ ...returning(ahead), acts: { closeAndCopy: () => Promise.resolve(copy) } });
    const told = await rejoin(played, { extras: 'replay' });
    expect(told.headline).toMatch(/cannot be taken over: they change or delete rows/);
  });

  test('a conflict ends the run, and it does not follow', async () => {
    const played = stage.put({
      ...returning(ahead),
      acts: { replayExtras: fails('REPLAY_CONFLICT', 'a row is in the way') },
    });
    const told = await rejoin(played, { extras: 'replay' });
    expect(told).toMatchObject({ outcome: 'failed', headline: 'db1 is not back: a row is in the way. Mend it.' });
    expect(touched(played.calls)).toEqual(['closeAndCopy db2', 'replayExtras db2']);
  });
});

describe('the lock is not held against an emergency', () => {
  test('the primary is lost while it catches up: stood aside, no reads are given', async () => {
    const away = { reached: false, primaryWell: false, left: 7 };
    const played = stage.put({ ...returning(back), acts: { advance: () => Promise.resolve(away) } });
    const told = await rejoin(played);
    expect(told).toMatchObject({
      outcome: 'stood down',
      headline: expect.stringMatching(/^Stood aside, db2 is not well/) as string,
    });
    expect(touched(played.calls)).not.toContain('routeReads db2');
  });

  test('the primary is lost while a question is open: the question is withdrawn', async () => {
    const played = stage.put({ ...returning(ahead), frozen: [snapshotOf(ahead, closedPrimary)] });
    const told = await rejoin(played);
    expect(told.outcome).toBe('stood down');
    expect(told.approvals.join()).toMatch(/overtaken/);
    expect(touched(played.calls)).toEqual(['closeAndCopy db2']);
  });

  test('cancelled while it catches up: it says what is left, and gives no reads', async () => {
    let asked = 0;
    const behind = () => (asked++, Promise.resolve({ reached: false, primaryWell: true, left: 1000 }));
    const played = stage.put({ ...returning(back), acts: { advance: behind } });
    const handle = await stage.begin('rejoinInstance', played, { instance: 'db1' });
    while (asked < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    await handle.cancel();
    const told = (await handle.result()) as RunbookReport;
    expect(told).toMatchObject({
      outcome: 'failed',
      left: [expect.stringMatching(/^start rejoinInstance again/) as string],
    });
    expect(touched(played.calls)).not.toContain('routeReads db2');
  });
});

test('a server that is down is refused, with the cure', async () => {
  const played = stage.put(returning(silent('db1', 'refused')));
  const told = await rejoin(played);
  expect(told).toMatchObject({ outcome: 'refused', left: [expect.stringMatching(/start it/) as string] });
  expect(touched(played.calls)).toEqual([]);
});
