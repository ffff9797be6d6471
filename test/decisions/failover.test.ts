import { followers } from '../../workflows/decisions/followers';
import { A, automatic, commit, deaf, decide, dns, haproxy, P, planOf, risksIn, seen, sighting, X } from './facts';
import { executed, instance, primary, replica, silent, snapshotOf, uuidOf } from './members';

const gone = silent('db1', 'refused');
const both = [deaf('db2', { executed: `${P}:1-100` }), deaf('db3', { executed: `${P}:1-100` })];
const wellSeen = { lastSeen: seen(`${P}:1-100`) };

describe('a dead primary', () => {
  test('an automatic cluster with nothing in doubt gets a plan without risks', () => {
    const decision = decide(automatic(), sighting([gone, ...both], wellSeen));
    expect(decision.act).toBe('carry out');
    expect(decision.because).toMatch(/^db1 is gone \(refused\).*; db2 holds everything/);
    expect(planOf(decision)).toMatchObject({
      kind: 'promote',
      oldPrimary: 'db1',
      newPrimary: 'db2',
      repoint: { db3: 'db2' },
      risks: [],
      rpo: { provablyZero: true, lost: '' },
    });
  });

  test('nobody but the primary was ever there: there is nobody to promote', () => {
    const decision = decide(automatic(), sighting([gone, silent('db2'), silent('db3')], wellSeen));
    expect(decision).toMatchObject({ act: 'stand down' });
    expect(decision.because).toMatch(/no other member can be read, so there is nobody to promote \(invariant 7/);
  });

  test('a lost transaction needs a human', () => {
    const decision = decide(automatic(), sighting([gone, ...both], { lastSeen: seen(`${P}:1-105`) }));
    expect(risksIn(decision)).toEqual(['KNOWN_LOSS']);
    expect(planOf(decision).rpo).toMatchObject({ provablyZero: false, lost: `${P}:101-105`, lostCount: 5 });
  });

  test('what only the passed-over errant replica received is a loss that needs a human', () => {
    const errant = deaf('db2', { executed: `${P}:1-104,${A}:1` });
    const decision = decide(automatic(), sighting([gone, errant, both[1]!], wellSeen));
    expect(planOf(decision)).toMatchObject({ newPrimary: 'db3', rpo: { lost: `${P}:101-104` } });
    expect(risksIn(decision)).toEqual(['KNOWN_LOSS']);
  });

  test('where only a barred replica is left, the plan names it and a human decides', () => {
    const cluster = automatic({}, { db2: { delaySeconds: 60 }, db3: { promotion: 'must_not' } });
    const decision = decide(cluster, sighting([gone, ...both], wellSeen));
    expect(planOf(decision).newPrimary).toBe('db2');
    expect(planOf(decision).risks).toEqual([
      {
        code: 'CANDIDATE_BARRED',
        invariant: 4,
        sentence: 'db2 is the only choice left, although: delayed by 60 s',
      },
    ]);
  });

  test('where nobody may be promoted at all it stands down', () => {
    const cluster = automatic({}, { db2: { promotion: 'must_not' }, db3: { promotion: 'must_not' } });
    expect(decide(cluster, sighting([gone, ...both], wellSeen))).toMatchObject({ act: 'stand down' });
  });
});

test('some replicas still hear the primary: a plan is offered, for a human', () => {
  const hears = replica('db3', 'db1', executed(`${P}:1-100`));
  const decision = decide(automatic(), sighting([gone, both[0]!, hears], wellSeen));
  expect(risksIn(decision)).toEqual(['PRIMARY_MAY_LIVE']);
});

test.each([
  ['healthy', [primary('db1'), replica('db2', 'db1')], commit('committed'), /: nothing to do$/],
  ['the observer is blind', [silent('db1'), replica('db2', 'db1')], null, /we are the blind one/],
  ['our account is locked', [silent('db1', 'auth failed'), ...both], null, /mend the account first/],
  ['connections are exhausted', [silent('db1', 'too many connections'), ...both], null, /no free connection/],
  ['it waits for acknowledgements', [primary('db1'), ...both], commit('blocked by semi-sync'), /acknowledging replica/],
  ['somebody made it read-only', [primary('db1', { readOnly: true }), ...both], commit('read only'), /refuses writes/],
])('stands down: %s', (_, members, probe, because) => {
  const decision = decide(automatic(), sighting(members, { probe }));
  expect(decision.act).toBe('stand down');
  expect(decision.because).toMatch(because);
});

test('a full disk is failed over although the primary answers', () => {
  const look = [primary('db1', executed(`${P}:1-100`)), ...both];
  const decision = decide(automatic(), sighting(look, { probe: commit('disk full'), ...wellSeen }));
  expect(planOf(decision)).toMatchObject({ kind: 'promote', newPrimary: 'db2', risks: [] });
});

test('nobody knows the primary: nothing is touched', () => {
  expect(decide(automatic(), sighting(both, { primary: null }))).toMatchObject({ act: 'stand down' });
});

test('lossless, and nobody is left to acknowledge: a human is told before anything is touched', () => {
  const two = automatic({ durability: 'lossless', instances: [instance('db1'), instance('db2')] });
  const alone = sighting([gone, both[0]!], { lastSeen: seen(`${P}:1-100`, { acknowledgers: ['db2'] }) });
  expect(risksIn(decide(two, alone))).toEqual(['NO_ACKNOWLEDGER']);
  const three = automatic({ durability: 'lossless' });
  expect(risksIn(decide(three, sighting([gone, ...both], wellSeen)))).toEqual([]);
});

describe('somebody else has opened a server', () => {
  const opened = primary('db2', executed(`${P}:1-100,${A}:1-5`));
  const follows = replica('db3', 'db2', executed(`${P}:1-100,${A}:1-5`));

  test('the primary is dead: the opened one is finished, nobody is elected', () => {
    const plan = planOf(decide(automatic(), sighting([gone, opened, both[1]!], wellSeen)));
    expect(plan).toMatchObject({ kind: 'finish', newPrimary: 'db2', repoint: { db3: 'db2' }, risks: [], ranking: [] });
    expect(plan.summary).toMatch(/takes writes already/);
  });

  test('all replicas moved to it, so nobody testifies: it is finished with a human, never elected past', () => {
    const decision = decide(automatic(), sighting([gone, opened, follows], wellSeen));
    expect(planOf(decision)).toMatchObject({ kind: 'finish', newPrimary: 'db2' });
    expect(risksIn(decision)).toEqual(['PRIMARY_MAY_LIVE']);
  });

  test('it lacks what another holds or the watcher saw: a human is asked and the loss is named', () => {
    const decision = decide(
      automatic(),
      sighting([gone, opened, deaf('db3', { executed: `${P}:1-103` })], { lastSeen: seen(`${P}:1-102`) }),
    );
    expect(risksIn(decision)).toEqual(['TAKEOVER_LACKS', 'KNOWN_LOSS']);
    expect(planOf(decision).risks[0]?.sentence).toBe(`db3 holds ${P}:101-103, which db2 lacks`);
    expect(planOf(decision).rpo).toMatchObject({ provablyZero: false, lost: `${P}:101-102` });
  });

  test('what it wrote itself while its replica was read is nothing it lacks', () => {
    const later = replica('db3', 'db2', executed(`${P}:1-100,${A}:1-9`));
    expect(risksIn(decide(automatic(), sighting([gone, opened, later], wellSeen)))).not.toContain('TAKEOVER_LACKS');
  });

  test('a replica whose read_only is off is not for that alone the new primary', () => {
    const loose = deaf('db2', { executed: `${P}:1-100` }, { readOnly: false, superReadOnly: false });
    const decision = decide(
      automatic({}, { db2: { promotion: 'must_not' } }),
      sighting([gone, loose, both[1]!], wellSeen),
    );
    expect(risksIn(decision)).toEqual(['RIVAL_STILL_REPLICATES', 'RIVAL_BARRED']);
  });

  test('the healthy primary has a writable rival: nothing is opened or moved', () => {
    const decision = decide(automatic(), sighting([primary('db1'), opened], { probe: commit('committed') }));
    expect(decision).toMatchObject({ act: 'stand down' });
    expect(decision.because).toMatch(/db2 is writable too \(invariant 1\)/);
  });

  test('two others are writable: nothing is opened or moved', () => {
    const decision = decide(automatic(), sighting([gone, opened, primary('db3')], wellSeen));
    expect(decision).toMatchObject({ act: 'stand down' });
    expect(decision.because).toMatch(/^db2 and db3 are all writable/);
  });

  test('the old primary replicates from it: it was moved on purpose', () => {
    const moved = replica('db1', 'db2', executed(`${P}:1-100`));
    const decision = decide(
      automatic(),
      sighting([moved, opened, follows], { probe: commit('read only'), ...wellSeen }),
    );
    expect(decision).toMatchObject({ act: 'stand down' });
    expect(decision.because).toMatch(/moved on purpose/);
  });
});

describe('who follows the new primary', () => {
  test('a cascade below a living replica keeps its source', () => {
    const look = snapshotOf(
      gone,
      replica('db2', 'db1'),
      replica('db3', 'db2'),
      replica('db4', 'db2'),
      replica('db5', 'db1'),
    );
    expect(followers(look, 'db1', 'db5')).toEqual({ db2: 'db5' });
    expect(followers(look, 'db1', 'db2')).toEqual({ db5: 'db2' });
  });

  test('whoever stood above the new primary comes below it', () => {
    const look = snapshotOf(gone, replica('db2', 'db1'), replica('db3', 'db2'), replica('db4', 'db2'));
    expect(followers(look, 'db1', 'db3')).toEqual({ db2: 'db3' });
  });

  test('replicas of an intermediate that died as well are not orphaned', () => {
    const look = snapshotOf(gone, silent('db2'), replica('db3', 'db2'), replica('db4', 'db1'));
    expect(followers(look, 'db1', 'db4')).toEqual({ db3: 'db4' });
  });

  test('one that replicates from nobody was put aside by somebody: it is left alone', () => {
    const look = snapshotOf(gone, replica('db2', 'db1'), primary('db3', { readOnly: true }));
    expect(followers(look, 'db1', 'db2')).toEqual({});
  });

  test('a ring does not hang', () => {
    const look = snapshotOf(replica('db2', 'db3'), replica('db3', 'db2'));
    expect(followers(look, 'db1', 'db2')).toEqual({ db3: 'db2' });
  });
});

test('a fence in reach must be the old primary’s own', () => {
  const base = { routers: [] };
  const other = automatic({
    ...base,
    instances: [instance('db1'), instance('db2', { fenceCommand: ['off'] }), instance('db3')],
  });
  const own = automatic({
    ...base,
    instances: [instance('db1', { fenceCommand: ['off'] }), instance('db2'), instance('db3')],
  });
  const look = sighting([gone, ...both], wellSeen);
  expect(risksIn(decide(other, look))).toEqual(['NO_FENCE']);
  expect(risksIn(decide(own, look))).toEqual([]);
  expect(risksIn(decide(automatic({ ...base, durability: 'lossless' }), look))).toEqual([]);
  expect(risksIn(decide(automatic(), look))).toEqual([]);
});

test('a DNS name is no fence: alone, or beside a proxy that clients can pass by', () => {
  const look = sighting([gone, ...both], wellSeen);
  for (const routers of [[dns], [haproxy, { ...dns, name: 'name' }]]) {
    const decision = decide(automatic({ routers }), look);
    expect(planOf(decision).risks).toMatchObject([
      {
        code: 'NO_FENCE',
        invariant: 1,
        sentence: expect.stringMatching(/^a router that cuts no sessions, no fence/) as string,
      },
    ]);
  }
});

test('what resolvers remember is told in the plan, needs nobody’s word, and is no part of what is approved', () => {
  const cluster = automatic({ routers: [dns], durability: 'lossless' });
  const view = { router: 'edge', writers: ['db1'], misconfigured: false, because: '' };
  const [declared, longer] = [[], [{ ...view, staleForSeconds: 300 }]].map((routers) =>
    planOf(decide(cluster, sighting([gone, ...both], { ...wellSeen, routers }))),
  );
  expect(declared).toMatchObject({ risks: [], hash: longer?.hash });
  expect(declared?.notes).toEqual([
    'router edge cuts no sessions, and resolvers may send clients to db1 for up to 5 s after it was pointed away: something else must fence db1',
  ]);
  expect(longer?.notes?.[0]).toContain('for up to 300 s');
});

test('a candidate that others cannot follow needs a human', () => {
  const look = [gone, both[0]!, deaf('db3', { executed: `${P}:1-90` }, { release: '8.4', version: '8.4.0' }, {})];
  const cluster = automatic({}, { db3: { promotion: 'must_not' } });
  const decision = decide(cluster, sighting(look, wellSeen));
  expect(planOf(decision).risks).toEqual([
    {
      code: 'FOLLOWERS_STRANDED',
      invariant: null,
      sentence: 'db2 runs 9.7: db3 of an older release cannot safely follow it',
    },
  ]);
  expect(planOf(decision)).toMatchObject({
    repoint: {},
    notes: ['db3 (8.4.0) cannot follow db2 (9.7.4), which is newer: it stays as it is; upgrade it, or fill it anew'],
  });
});

test('a server of another cluster at the old address is no witness', () => {
  const stranger = replica('db2', 'db1', executed(`${X}:1-5`), { sourceHost: '10.9.9.9', sourceUuid: uuidOf('db9') });
  expect(decide(automatic(), sighting([gone, stranger]))).toMatchObject({ diagnosis: { state: 'unknown' } });
});
