import { type PromotionRule } from '../../workflows/decisions/cluster';
import { elect } from '../../workflows/decisions/election';
import { A, automatic, B, deaf, election, P, seen, X } from './facts';
import { replica, silent, snapshotOf } from './members';

const gone = silent('db1', 'refused');

test('the replica that received the most wins, whatever it has applied', () => {
  const found = election(automatic(), [
    gone,
    deaf('db2', { executed: `${P}:1-90`, retrieved: `${P}:91-100` }),
    deaf('db3', { executed: `${P}:1-95` }),
  ]);
  expect(found).toMatchObject({ chosen: 'db2', fetchFrom: null, target: `${P}:1-100`, missing: '' });
  expect(found.because).toBe('db2 holds everything that any sound replica received');
  expect(found.ranking[0]).toMatchObject({ name: 'db2', unapplied: 10, behind: 0 });
  expect(found.ranking[1]).toMatchObject({ name: 'db3', unapplied: 0, behind: 5 });
});

test('the preferred replica is behind: it is chosen only with the transactions of the furthest', () => {
  const found = election(automatic({}, { db2: { promotion: 'prefer' } }), [
    gone,
    deaf('db2', { executed: `${P}:1-90` }),
    deaf('db3', { executed: `${P}:1-100` }),
  ]);
  expect(found).toMatchObject({ chosen: 'db2', fetchFrom: 'db3', target: `${P}:1-100` });
  expect(found.because).toBe('db2 is chosen and first fetches from db3, which received more');
});

test('the preferred replica needs what the furthest has purged: the furthest itself is chosen', () => {
  const found = election(automatic({}, { db2: { promotion: 'prefer' } }), [
    gone,
    deaf('db2', { executed: `${P}:1-90` }),
    deaf('db3', { executed: `${P}:1-100`, purged: `${P}:1-95` }),
  ]);
  expect(found).toMatchObject({ chosen: 'db3', fetchFrom: null });
});

test('a must_not replica alone holds the last transaction: it gives it and is not promoted', () => {
  const found = election(automatic({}, { db3: { promotion: 'must_not' } }), [
    gone,
    deaf('db2', { executed: `${P}:1-99` }),
    deaf('db3', { executed: `${P}:1-100` }),
  ]);
  expect(found).toMatchObject({ chosen: 'db2', fetchFrom: 'db3' });
});

test('a delayed replica alone holds the last transaction in its relay log: it gives it and is not promoted', () => {
  const found = election(automatic({}, { db3: { delaySeconds: 3600 } }), [
    gone,
    deaf('db2', { executed: `${P}:1-99` }),
    deaf('db3', { executed: `${P}:1-10`, retrieved: `${P}:11-100` }, {}, { delaySeconds: 3600 }),
  ]);
  expect(found).toMatchObject({ chosen: 'db2', fetchFrom: 'db3', target: `${P}:1-100` });
  expect(found.ranking.find((one) => one.name === 'db3')?.barred).toEqual(['delayed by 3600 s']);
});

test('a replica with a delay that only the server knows of is barred as well', () => {
  const found = election(automatic(), [gone, deaf('db2', { executed: `${P}:1-9` }, {}, { delaySeconds: 60 })]);
  expect(found).toMatchObject({ chosen: null });
  expect(found.because).toBe('nobody can be promoted without a human: db2 (delayed by 60 s)');
});

describe('errant transactions', () => {
  const withErrant = [gone, deaf('db2', { executed: `${P}:1-100,${A}:1` }), deaf('db3', { executed: `${P}:1-100` })];

  test('the errant one is passed over, and the sentence says so', () => {
    const found = election(automatic({}, { db2: { promotion: 'prefer' } }), withErrant);
    expect(found).toMatchObject({ chosen: 'db3', fetchFrom: null, target: `${P}:1-100`, missing: '' });
    expect(found.because).toMatch(/; passed over db2 \(errant transactions\)$/);
  });

  test('an errant one is never fetched from, also when its binary log with the errant part is purged', () => {
    const purged = deaf('db2', { executed: `${P}:1-100,${A}:1`, purged: `${P}:1-50,${A}:1` });
    const found = election(automatic(), [gone, purged, deaf('db3', { executed: `${P}:1-90` })]);
    expect(found).toMatchObject({ chosen: 'db3', fetchFrom: null, target: `${P}:1-90` });
  });

  test('what the errant one alone received of the primary is named as lost when it is passed over', () => {
    const found = election(automatic(), [
      gone,
      deaf('db2', { executed: `${P}:1-100,${A}:1` }),
      deaf('db3', { executed: `${P}:1-90` }),
    ]);
    expect(found).toMatchObject({ chosen: 'db3', missing: `${P}:91-100` });
  });

  test('only errant ones are left: nobody, until a human allows it, and then they are named', () => {
    const members = [
      gone,
      deaf('db2', { executed: `${P}:1-100,${A}:1` }),
      deaf('db3', { executed: `${P}:1-100,${B}:1` }),
    ];
    const willing = election(automatic(), members);
    expect(willing.chosen).toBeNull();
    expect(willing.because).toMatch(/without a human: .*errant transactions .* would spread/);
    const allowed = election(automatic(), members, { allowBarred: true });
    expect(allowed).toMatchObject({ chosen: 'db2', fetchFrom: null, target: `${P}:1-100`, missing: '' });
    expect(allowed.because).toContain(
      `passed over db3 (errant transactions); it brings its errant transactions ${A}:1`,
    );
  });

  test('a human may choose the only one left with its errant transactions, aloud', () => {
    const alone = deaf('db2', { executed: `${P}:1-100,${A}:1` });
    const found = election(automatic(), [gone, alone], {
      lastSeen: seen(`${P}:1-100`),
      allowBarred: true,
    });
    expect(found).toMatchObject({ chosen: 'db2', missing: '' });
    expect(found.because).toContain(`it brings its errant transactions ${A}:1 with it`);
  });
});

test('a replica whose applier stopped is not elected while another holds the same', () => {
  const stopped = { applier: 'stopped', applierError: { code: 1062, message: 'Duplicate entry' } } as const;
  const broken = deaf('db2', { executed: `${P}:1-90`, retrieved: `${P}:91-100` }, {}, stopped);
  expect(election(automatic(), [gone, broken, deaf('db3', { executed: `${P}:1-100` })]).chosen).toBe('db3');
  const alone = election(automatic(), [gone, broken]);
  expect(alone.chosen).toBeNull();
  expect(alone.because).toBe(
    'nobody can be promoted without a human: db2 (its applier stopped with error 1062: Duplicate entry)',
  );
  expect(election(automatic(), [gone, broken], { allowBarred: true }).chosen).toBe('db2');
});

test('must_not stays barred also when a human allowed what is barred', () => {
  const cluster = automatic({}, { db2: { promotion: 'must_not' } });
  const found = election(cluster, [gone, deaf('db2', { executed: `${P}:1-100` })], { allowBarred: true });
  expect(found).toMatchObject({ chosen: null });
  expect(found.because).toMatch(/db2 \(must_not: the inventory forbids it\)/);
});

test('replicas that have diverged elect nobody', () => {
  const found = elect({
    cluster: automatic(),
    snapshot: snapshotOf(
      gone,
      deaf('db2', { executed: `${P}:1-90,${X}:1-5` }),
      deaf('db3', { executed: `${P}:1-100,${X}:1-4` }),
    ),
    oldPrimary: 'db1',
    lastSeen: null,
    errant: new Map(),
  });
  expect(found).toMatchObject({ chosen: null, fetchFrom: null });
  expect(found.because).toMatch(/they have diverged/);
});

test('no replica can be read', () => {
  expect(election(automatic(), [gone, silent('db2'), silent('db3')])).toMatchObject({
    chosen: null,
    target: '',
    because: 'no replica can be read, so there is nobody to promote',
  });
});

test('what the watcher saw on the primary and nobody received is named as missing; without a watcher nothing is known', () => {
  const members = [gone, deaf('db2', { executed: `${P}:1-97` }), deaf('db3', { executed: `${P}:1-97` })];
  const watched = election(automatic(), members, { lastSeen: seen(`${P}:1-100`) });
  expect(watched).toMatchObject({ chosen: 'db2', missing: `${P}:98-100`, target: `${P}:1-97` });
  expect(watched.ranking.every((one) => one.behind === 3)).toBe(true);
  expect(election(automatic(), members).missing).toBe('');
});

test('what an earlier look knew to be received is missing when its holder has died since', () => {
  const found = election(automatic(), [gone, deaf('db3', { executed: `${P}:1-90` })], { known: `${P}:1-100` });
  expect(found).toMatchObject({ chosen: 'db3', missing: `${P}:91-100` });
});

test('the old primary is no candidate, also when it can be read', () => {
  const found = election(automatic(), [
    replica('db1', 'db9', { gtid: { mode: 'ON', executed: `${P}:1-100`, purged: '' } }),
    deaf('db2', { executed: `${P}:1-100` }),
  ]);
  expect(found.ranking.map((one) => one.name)).toEqual(['db2']);
});

test('a server that is not in the inventory is no candidate', () => {
  expect(election(automatic(), [gone, deaf('db8', { executed: `${P}:1-100` })]).chosen).toBeNull();
});

describe('among replicas that hold the same', () => {
  const same = { executed: `${P}:1-100` };
  const chosen = (cluster: ReturnType<typeof automatic>, ...members: ReturnType<typeof deaf>[]) =>
    election(cluster, [gone, ...members]);

  test.each<[PromotionRule, PromotionRule, string]>([
    ['neutral', 'prefer', 'db3'],
    ['prefer_not', 'neutral', 'db3'],
    ['neutral', 'neutral', 'db2'],
  ])("the operator's wish decides: %s against %s", (first, second, name) => {
    const cluster = automatic({}, { db2: { promotion: first }, db3: { promotion: second } });
    expect(chosen(cluster, deaf('db2', same), deaf('db3', same)).chosen).toBe(name);
  });

  test('then who has least to apply', () => {
    const backlog = deaf('db2', { executed: `${P}:1-10`, retrieved: `${P}:11-100` });
    expect(chosen(automatic(), backlog, deaf('db3', same)).chosen).toBe('db3');
  });

  test('the one whose datacentre is that of the old primary, the other is noted', () => {
    const cluster = automatic({}, { db2: { datacentre: 'b' } });
    const found = chosen(cluster, deaf('db2', same), deaf('db3', same));
    expect(found.chosen).toBe('db3');
    expect(found.ranking[1]?.notes).toEqual(['in datacentre b, not a']);
  });

  test('the older release, for the others could not follow the newer', () => {
    const found = chosen(automatic(), deaf('db2', same), deaf('db3', same, { release: '8.4' }));
    expect(found.chosen).toBe('db3');
    expect(found.ranking[1]?.notes).toEqual(['runs 9.7: db3 of an older release cannot safely follow it']);
  });

  test('the one that still has the binary logs that others need', () => {
    const found = chosen(
      automatic(),
      deaf('db2', { ...same, purged: `${P}:1-95` }),
      deaf('db3', { executed: `${P}:1-90`, retrieved: `${P}:91-100` }),
    );
    expect(found.chosen).toBe('db3');
    expect(found.ranking[1]?.notes).toEqual(['has purged binary logs that db3 would still need']);
  });

  test('then the name, so that two looks elect the same', () => {
    const found = [
      chosen(automatic(), deaf('db3', same), deaf('db2', same)),
      chosen(automatic(), deaf('db2', same), deaf('db3', same)),
    ];
    expect(found.map((one) => one.chosen)).toEqual(['db2', 'db2']);
  });
});

test.each([
  ['gtid_mode is OFF', deaf('db2', { executed: '' }, { gtid: { mode: 'OFF', executed: '', purged: '' } })],
  ['it replicates from nobody', deaf('db2', { executed: '' }, { channels: [] })],
])('barred: %s', (why, member) => {
  const found = election(automatic(), [gone, member]);
  expect(found.chosen).toBeNull();
  expect(found.ranking[0]?.barred).toContain(why);
});

test('a replica of several sources is barred', () => {
  const one = deaf('db2', { executed: `${P}:1-9` });
  const found = election(automatic(), [gone, { ...one, channels: [...one.channels, ...one.channels] }]);
  expect(found.ranking[0]?.barred).toEqual(['it replicates from several sources']);
});
