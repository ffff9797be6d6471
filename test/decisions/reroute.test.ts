import { type RouterView } from '../../workflows/decisions/evidence';
import { type Member } from '../../workflows/decisions/facts';
import { automatic, commit, deaf, decide, P, planOf, risksIn, seen, sighting } from './facts';
import { executed, primary, replica, silent } from './members';

const router = (writers: readonly string[] | null, change: Partial<RouterView> = {}): RouterView => ({
  router: 'edge',
  writers,
  misconfigured: false,
  because: writers === null ? 'router edge: no answer' : '',
  ...change,
});
const well = [primary('db1', executed(`${P}:1-100`)), replica('db2', 'db1'), replica('db3', 'db1')];
const look = (routers: readonly RouterView[], members: readonly Member[] = well) =>
  sighting(members, { probe: commit('committed'), routers });

describe('the primary is well', () => {
  test.each([
    ['leads to no server', router([]), 'router edge leads to no server'],
    ['leads to another one', router(['db2']), 'router edge leads to db2'],
  ])('and a router %s: it is pointed at the primary', (_, astray, words) => {
    const plan = planOf(decide(automatic(), look([router(['db1'], { router: 'other' }), astray])));
    expect(plan).toMatchObject({ kind: 'reroute', oldPrimary: 'db1', newPrimary: 'db1', repoint: {}, risks: [] });
    expect(plan.summary).toBe(`db1 is the primary, but ${words}: point every router at db1`);
  });

  test.each([
    ['leads to it', router(['db1'])],
    ['cannot be read', router(null)],
    ['also lets the router’s own health check choose', router(['db1', 'db2'])],
  ])('and the router %s: nothing to do', (_, fine) => {
    expect(decide(automatic(), look([fine])).act).toBe('stand down');
  });

  test('a member that cannot be read may be the one the router was turned to: a human is asked, unless a replica still follows', () => {
    const stopped = replica('db2', 'db1', {}, { receiver: 'stopped' });
    expect(risksIn(decide(automatic(), look([router([])], [well[0]!, stopped, silent('db3')])))).toEqual([
      'RIVAL_UNSEEN',
    ]);
    expect(risksIn(decide(automatic(), look([router(['db3'])], [well[0]!, well[1]!, silent('db3')])))).toEqual([]);
  });

  test('a writable rival comes first: nothing is moved', () => {
    const members = [well[0]!, primary('db2'), well[2]!];
    expect(decide(automatic(), look([router(['db2'])], members)).act).toBe('stand down');
  });

  test('clients come before orphans of an intermediate source', () => {
    const orphan = replica('db3', 'db2', executed(`${P}:1-90`), { receiver: 'connecting' });
    const members = [well[0]!, silent('db2', 'refused'), orphan];
    expect(planOf(decide(automatic(), look([router([])], members))).kind).toBe('reroute');
    expect(planOf(decide(automatic(), look([router(['db1'])], members))).kind).toBe('reattach');
  });
});

test('a router that can never be pointed at the new primary is said before anything is fenced', () => {
  const gone = [silent('db1', 'refused'), ...['db2', 'db3'].map((name) => deaf(name, { executed: `${P}:1-100` }))];
  const wrong = router(null, { misconfigured: true, because: 'router edge: its server db2 is db3' });
  const asked = (routers: readonly RouterView[]) =>
    planOf(decide(automatic(), sighting(gone, { lastSeen: seen(`${P}:1-100`), routers }))).risks;
  expect(asked([wrong])).toEqual([
    {
      code: 'ROUTER_UNUSABLE',
      invariant: null,
      sentence: 'router edge: its server db2 is db3; clients behind it would stay without a primary',
    },
  ]);
  expect(asked([router(null)])).toEqual([]);
});
