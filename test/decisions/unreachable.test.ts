import { type RouterView } from '../../workflows/decisions/evidence';
import { type FenceFindings } from '../../workflows/decisions/fence';
import { type WhenUnreachable } from '../../workflows/decisions/router';
import { decideSwitchover } from '../../workflows/decisions/switchover';
import { judgeAbsence } from '../../workflows/decisions/unreachable';
import { automatic, deaf, decide, haproxy, P, planOf, seen, sighting } from './facts';
import { silent } from './members';
import { movable } from '../workflows/moving';

const edge = (whenUnreachable?: WhenUnreachable) => [{ ...haproxy, ...(whenUnreachable && { whenUnreachable }) }];
const away: RouterView = { router: haproxy.name, writers: null, misconfigured: false, because: 'no answer in 150 ms' };

describe('an emergency, a router does not answer', () => {
  const gone = [silent('db1', 'refused'), ...['db2', 'db3'].map((name) => deaf(name, { executed: `${P}:1-100` }))];
  const planned = (policy?: WhenUnreachable, because = away.because) =>
    planOf(
      decide(
        automatic({ routers: edge(policy) }),
        sighting(gone, { lastSeen: seen(`${P}:1-100`), routers: [{ ...away, because }] }),
      ),
    );

  test('wait, which is the default: nobody is asked, what comes through it is proven later', () => {
    expect(planned()).toMatchObject({ risks: [], notes: [] });
    expect(planned('wait').risks).toEqual([]);
  });

  test('ask: a person is asked before anything is fenced, and another reason is not another plan', () => {
    const { risks, hash } = planned('ask');
    expect(risks.map(({ code }) => code)).toEqual(['ROUTER_AWAY']);
    expect(planned('ask', 'connection refused').hash).toBe(hash);
  });

  test('fence: the plan says that the old primary must be fenced itself', () => {
    const { risks, notes } = planned('fence');
    expect(risks).toEqual([]);
    expect(notes?.join()).toMatch(/db1 itself is proved fenced before writes open/);
  });
});

describe('behind the fence', () => {
  const findings: FenceFindings = {
    routers: [{ router: haproxy.name, fenced: false, because: 'no answer', unreachable: true }],
    receiversStopped: ['db2', 'db3'],
    receiversNotStopped: [],
    superReadOnly: { set: false, because: 'no answer' },
    command: null,
  };
  const judge = (policy: WhenUnreachable, change: Partial<FenceFindings> = {}, risks = [] as never[]) =>
    judgeAbsence(automatic({ routers: edge(policy), durability: 'lossless' }), { risks }, { ...findings, ...change });

  test('fence: starving it is not enough, its own word or its fence command is', () => {
    expect(judge('fence').mustFence).toEqual([haproxy.name]);
    expect(judge('fence', { command: { succeeded: false, because: 'exit code 1' } }).mustFence).toEqual([haproxy.name]);
    expect(judge('fence', { command: { succeeded: true, because: 'off' } }).mustFence).toEqual([]);
    expect(judge('fence', { superReadOnly: { set: true, because: 'set' } }).mustFence).toEqual([]);
  });

  test('ask: what was agreed to before is not asked again', () => {
    const { ask } = judge('ask');
    expect(ask.map(({ code }) => code)).toEqual(['ROUTER_AWAY']);
    expect(judge('ask', {}, ask as never[]).ask).toEqual([]);
  });

  test('a router that answers and cannot vouch is judged as every fence is, not here', () => {
    const routers = [{ router: haproxy.name, fenced: false, because: 'a resolver may know the old address' }];
    for (const policy of ['ask', 'fence', 'wait'] as const)
      expect(judge(policy, { routers })).toEqual({ mustFence: [], ask: [] });
    expect(judge('wait')).toEqual({ mustFence: [], ask: [] });
  });
});

describe('a planned change, a router does not answer', () => {
  const well = movable().acts;
  const decided = async (policy: WhenUnreachable, view = away) => {
    const { cluster, snapshot } = await well.previewCluster!({ cluster: 'orders' });
    const routers = edge(policy);
    const asked = { to: 'db2', datacentre: null, writeGapMs: 2000 };
    return decideSwitchover({ cluster: { ...cluster, routers }, snapshot, routers: [view], ...asked });
  };

  test('wait: refused', async () => {
    expect(await decided('wait')).toMatchObject({ act: 'refuse', because: away.because });
  });

  test('ask and fence: it may be begun, with a word of a person or without', async () => {
    expect(await decided('ask')).toMatchObject({ plan: { risks: [{ code: 'ROUTER_AWAY' }] } });
    const fenced = await decided('fence');
    expect(fenced).toMatchObject({ act: 'carry out', plan: { risks: [] } });
  });

  test('one that answers and cannot be driven, or leads elsewhere, refuses whatever its policy is', async () => {
    expect((await decided('fence', { ...away, misconfigured: true })).act).toBe('refuse');
    expect((await decided('fence', { ...away, writers: ['db2'] })).act).toBe('refuse');
  });
});
