import { type WorkflowHandle } from '@temporalio/client';
import { ANYBODY, type ApprovalPolicy } from '../../workflows/decisions/approvals';
import { type RunbookReport } from '../../workflows/decisions/report';
import { type Question } from '../../workflows/decisions/question';
import { progressQuery } from '../../workflows/messages';
import { P, sighting } from '../decisions/facts';
import { executed, primary, replica, snapshotOf } from '../decisions/members';
import { back, returning } from './returning';
import { db2, db3, policy, Stage, touched } from './stage';

const stage = new Stage();
beforeAll(() => stage.open());
afterAll(() => stage.close());

const people = [
  { name: 'ana@example.com', roles: ['operator', 'approver'], group: 'dba' },
  { name: 'bob@example.com', roles: ['approver'], group: 'dba' },
  { name: 'cem@example.com', roles: ['approver', 'breaker'], group: 'managers' },
  { name: 'dan@example.com', roles: ['operator'] },
] as const;

/** A fleet whose primary is dead and whose policy is to ask. */
const asking = (approvals: Partial<ApprovalPolicy> = {}, minutes = 10) =>
  stage.put({
    cluster: policy({ mode: 'approve', approvalMinutes: minutes }, { approvals: { ...ANYBODY, people, ...approvals } }),
  });

async function ask(approvals: Partial<ApprovalPolicy> = {}, minutes?: number, order: object = {}) {
  const played = asking(approvals, minutes);
  const handle = await stage.start(played, order);
  const question = await stage.question(handle);
  const vote = (by: string, more: object = {}) => ({ by, plan: question.planHash.slice(0, 12), ...more });
  return { played, handle, question, vote };
}
const ended = (handle: WorkflowHandle): Promise<RunbookReport> => handle.result() as Promise<RunbookReport>;
const eventsOf = async (handle: WorkflowHandle): Promise<number> => (await handle.fetchHistory()).events?.length ?? 0;

/** Waits until the open question is as wished; fails when the run ends instead. */
async function until(handle: WorkflowHandle, wished: (question: Question) => boolean): Promise<Question> {
  for (;;) {
    const question = await stage.question(handle);
    if (wished(question)) return question;
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

const at100 = executed(`${P}:1-100`);
const inSeconds = (seconds: number): number => seconds / 60;

test('what is asked shows the plan, the evidence, what may be lost, how long it takes, and who is asked', async () => {
  const { handle, question } = await ask({ needed: 2, groups: ['dba', 'managers'] });
  expect(question).toMatchObject({
    text: expect.stringMatching(/^promote db2/) as string,
    silence: 'silence is a no',
    asked: ['dba'],
    mayApprove: ['ana@example.com', 'bob@example.com'],
    needed: 2,
    given: [],
    shown: {
      mayBeLost: expect.stringMatching(/^0, proven/) as string,
      takes: 'about a second',
    },
  });
  expect(question.shown.what.join()).toMatch(/fence db1.*db2 applies everything/s);
  expect(question.shown.evidence.length).toBeGreaterThan(1);
  const page = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  for (const line of [
    '0 of 2 approvals: none',
    'asked (dba): ana@example.com, bob@example.com',
    'may be lost: 0, proven',
  ])
    expect(page.currentDetails).toContain(line);
  await stage.say(handle, 'reject', { by: 'ana@example.com', reason: 'over' });
  await handle.result();
});

test('two people must agree: refusals cost no history, the second yes opens the gate, and the report names both', async () => {
  const { played, handle, vote } = await ask({ needed: 2, twoPersons: true }, 10, { requestedBy: 'cem@example.com' });
  const before = await eventsOf(handle);
  expect(await stage.say(handle, 'approve', vote('dan@example.com'))).toMatch(/^dan@example.com may not do this; ana/);
  expect(await stage.say(handle, 'approve', vote('eve'))).toMatch(/^The inventory names nobody "eve"/);
  expect(await stage.say(handle, 'approve', vote('cem@example.com'))).toMatch(/started this run: somebody else must/);
  expect(await stage.say(handle, 'approve', vote('ana@example.com', { question: 'x#1' }))).toMatch(/earlier question/);
  expect(await eventsOf(handle)).toBe(before);

  expect(await stage.say(handle, 'approve', vote('ana@example.com', { door: 'slack' }))).toBe(
    'ana@example.com approved; 1 of 2 approvals are given',
  );
  expect(await stage.say(handle, 'approve', vote(' Ana@Example.com'))).toBe(
    'ana@example.com has approved already; 1 of 2 approvals are given.',
  );
  expect(touched(played.calls)).toEqual([]);
  expect((await stage.question(handle)).given).toHaveLength(1);
  expect(await stage.say(handle, 'approve', vote('bob@example.com', { door: 'nonsense' }))).toBe(
    'approved by ana@example.com, bob@example.com',
  );
  const { outcome, approvals } = await ended(handle);
  expect(outcome).toBe('done');
  expect(approvals).toEqual([
    expect.stringMatching(
      /\(plan [0-9a-f]{12}\): approved by ana@example.com \(slack, 20\S+Z\), bob@example.com \(temporal, by their own word, 20\S+Z\)$/,
    ),
  ]);
});

test('one no ends it after the first yes', async () => {
  const { played, handle, vote } = await ask({ needed: 2 });
  await stage.say(handle, 'approve', vote('ana@example.com'));
  expect(await stage.say(handle, 'reject', { by: 'bob@example.com', reason: 'it is the network' })).toBe(
    'rejected by bob@example.com',
  );
  expect(await ended(handle)).toMatchObject({
    outcome: 'rejected',
    headline: 'Not approved, nothing was changed: bob@example.com rejected it: it is the network',
  });
  expect(touched(played.calls)).toEqual([]);
});

test('nobody answers: the next group is asked, its members may answer then, and it is not too late', async () => {
  const { handle, question, vote } = await ask(
    { groups: ['dba', 'managers'], silence: 'next group', remindMinutes: inSeconds(0.6) },
    inSeconds(1.2),
  );
  expect(question.silence).toBe('silence asks the next group; that of the last one is a no');
  expect(await stage.say(handle, 'approve', vote('cem@example.com'))).toMatch(/may not do this; ana/);
  const later = await until(handle, ({ asked }) => asked.length === 2);
  expect(later).toMatchObject({ id: question.id, mayApprove: expect.arrayContaining(['cem@example.com']) as string[] });
  expect(later.reminders).toBeGreaterThanOrEqual(2);
  expect(await stage.say(handle, 'approve', vote('cem@example.com'))).toBe('approved by cem@example.com');
  expect(await ended(handle)).toMatchObject({ outcome: 'done' });
});

test('expired: a late answer is told so', async () => {
  const { handle, vote } = await ask({}, inSeconds(0.5));
  expect(await ended(handle)).toMatchObject({ outcome: 'rejected' });
  const late = handle.executeUpdate('approve', { args: [vote('ana@example.com')] });
  await expect(late).rejects.toThrow(/completed|not found/i);
});

test('silence lets it go on where nothing but the policy asks', async () => {
  const { handle, question } = await ask({ silence: 'proceed' }, inSeconds(0.5));
  expect(question.silence).toBe('silence lets it go on');
  const { outcome, approvals } = await ended(handle);
  expect(outcome).toBe('done');
  expect(approvals[0]).toMatch(/: unopposed: nobody answered .* by the policy silence lets it go on$/);
});

test('silence never agrees to a risk', async () => {
  const played = stage.put({
    cluster: policy(
      { mode: 'approve', approvalMinutes: inSeconds(0.5) },
      { approvals: { ...ANYBODY, silence: 'proceed' } },
    ),
    acts: { takePermit: () => Promise.resolve({ granted: false, because: 'it may be flapping' }) },
  });
  const report = await stage.run(played, { trigger: 'watcher' });
  expect(report.outcome).toBe('rejected');
  expect(touched(played.calls)).toEqual([]);
});

describe('break glass', () => {
  test('a breaker approves alone, with a reason, and everything says so', async () => {
    const { handle, vote } = await ask({ needed: 2, groups: ['dba'], twoPersons: true });
    expect(await stage.say(handle, 'breakGlass', vote('cem@example.com'))).toMatch(/^Say why/);
    expect(await stage.say(handle, 'breakGlass', vote('ana@example.com', { reason: 'quick' }))).toBe(
      'ana@example.com may not do this; cem@example.com may.',
    );
    const glass = { by: 'cem@example.com', reason: 'nobody else is up' };
    expect(await stage.say(handle, 'breakGlass', glass)).toMatch(/^Say which plan you saw/);
    expect(await stage.say(handle, 'breakGlass', vote('cem@example.com', glass))).toBe(
      'approved by cem@example.com, who broke the glass',
    );
    const { outcome, headline, decisions } = await ended(handle);
    expect(outcome).toBe('done');
    expect(headline).toMatch(/^BREAK GLASS · db2 takes writes/);
    expect(decisions).toContainEqual(
      expect.stringMatching(
        /^BREAK GLASS: cem@example.com \(.*\) approved plan [0-9a-f]{12} alone: nobody else is up$/,
      ),
    );
    expect((await handle.query(progressQuery)).headline).toMatch(/^BREAK GLASS · /);
  });

  test('a signal does it as well; one that does not count leaves a note', async () => {
    const { handle, vote } = await ask({ needed: 2 });
    await handle.signal('breakGlass', vote('ana@example.com', { reason: 'quick' }));
    await handle.signal('breakGlass', vote('cem@example.com', { reason: 'fire' }));
    const { outcome, approvals } = await ended(handle);
    expect(outcome).toBe('done');
    expect(approvals[0]).toBe(
      'a signal "break glass" of ana@example.com did not count: ana@example.com may not do this; cem@example.com may.',
    );
  });
});

test('two answers in one moment: the first one counts', async () => {
  const { played, handle, vote } = await ask();
  const both = [
    handle.signal('reject', { by: 'ana@example.com', reason: 'no' }),
    handle.signal('approve', vote('bob@example.com')),
  ];
  await Promise.all(both);
  const { outcome, approvals } = await ended(handle);
  const changed = touched(played.calls).length > 0;
  expect(outcome === 'done').toBe(changed);
  expect(approvals.filter((line) => line.includes('did not count')).length).toBeLessThanOrEqual(1);
});

test('a late yes to the plan does not answer the question that came after it', async () => {
  const findings = {
    routers: [{ router: 'edge', fenced: false, because: 'no answer' }],
    receiversStopped: ['db2', 'db3'],
    receiversNotStopped: [],
    superReadOnly: { set: false, because: 'no answer' },
    command: null,
  };
  const played = stage.put({
    cluster: policy({ mode: 'approve' }, { approvals: { ...ANYBODY, people } }),
    acts: { fenceOldPrimary: () => Promise.resolve({ findings, frozen: snapshotOf(db2, db3), parts: [] }) },
  });
  const handle = await stage.start(played);
  const plan = await stage.question(handle);
  const yes = { by: 'ana@example.com', plan: plan.planHash.slice(0, 12) };
  await stage.say(handle, 'approve', yes);
  const next = await stage.question(handle, plan.id);
  expect(next.text).toMatch(/^Go on without proof/);
  expect(await stage.say(handle, 'approve', yes)).toMatch(/^The plan has changed since you looked/);
  await stage.say(handle, 'reject', { by: 'ana@example.com', reason: 'stop' });
  await handle.result();
});

describe('planned changes, where the policy is to ask', () => {
  const planned = { approvals: { ...ANYBODY, planned: 'ask' } } as const;
  const members = [primary('db1', at100), replica('db2', 'db1', at100), replica('db3', 'db1', at100)] as const;
  const well = sighting(members);
  const moved = sighting([members[0], members[1], replica('db3', 'db2', at100)]);

  test('a switchover shows what it will do and waits; approved, it looks again and goes on', async () => {
    const played = stage.put({ looks: [well], cluster: policy({}, { durability: 'async', ...planned }) });
    const handle = await stage.begin('plannedSwitchover', played, { to: 'db2' });
    const question = await stage.approve(handle);
    expect(question.shown).toMatchObject({ takes: 'clients wait for 2000 ms at most, or everything is undone' });
    expect((await ended(handle)).approvals[0]).toMatch(/approved by ada/);
    expect(played.calls.filter((call) => call === 'previewCluster')).toHaveLength(2);
    expect(played.calls).toContain('switchPrimary');
  });

  test('rejected: nothing was changed', async () => {
    const played = stage.put({ looks: [well], cluster: policy({}, { durability: 'async', ...planned }) });
    const handle = await stage.begin('plannedSwitchover', played, { to: 'db2' });
    await stage.reject(handle);
    expect(await ended(handle)).toMatchObject({
      outcome: 'rejected',
      headline: 'Not approved, nothing was changed: ada rejected it: not now',
    });
    expect(touched(played.calls)).toEqual([]);
  });

  test('the facts changed while it was open: the approval is void, the new plan is asked for', async () => {
    let looks = 0;
    const cluster = policy({}, { durability: 'async', ...planned });
    const previewed = () => ({
      cluster,
      snapshot: (looks++ === 0 ? well : moved).snapshot,
      routers: [],
      settings: {},
      cannotHold: [],
    });
    const played = stage.put({ cluster, acts: { previewCluster: () => Promise.resolve(previewed() as never) } });
    const handle = await stage.begin('plannedSwitchover', played, { to: 'db2' });
    const first = await stage.approve(handle);
    const second = await stage.approve(handle, first.id);
    expect(second.planHash).not.toBe(first.planHash);
    expect((await ended(handle)).approvals[1]).toMatch(/its approval is void/);
  });

  test('a rejoin asks before its first change', async () => {
    const scene = returning(back);
    const played = stage.put({ ...scene, cluster: policy({}, planned) });
    const handle = await stage.begin('rejoinInstance', played, { instance: 'db1' });
    expect((await stage.question(handle)).text).toMatch(/^bring db1 of/);
    expect(touched(played.calls)).toEqual([]);
    await stage.approve(handle);
    expect(await ended(handle)).toMatchObject({ outcome: 'done' });
  });
});
