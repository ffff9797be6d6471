import { automatic, commit, deaf, decide, P, planOf, risksIn, seen, sighting } from './facts';
import { clusterOf, executed, primary, replica, silent, uuidOf } from './members';

const both = [deaf('db2', { executed: `${P}:1-100` }), deaf('db3', { executed: `${P}:1-100` })];

describe('the primary restarted and came up read-only', () => {
  const restarted = (uptimeSeconds: number, gtids = `${P}:1-100`) =>
    primary('db1', { readOnly: true, superReadOnly: true, uptimeSeconds, ...executed(gtids) });
  const look = (uptimeSeconds: number, gtids?: string) =>
    sighting([restarted(uptimeSeconds, gtids), ...both], {
      probe: commit('read only'),
      // Seen well five seconds before the look.
      lastSeen: seen(`${P}:1-100`, { at: '2025-12-31T23:59:55.000Z' }),
    });

  test('nobody else was opened and it lacks nothing: it is opened again', () => {
    const plan = planOf(decide(automatic(), look(2)));
    expect(plan).toMatchObject({ kind: 'reopen', newPrimary: 'db1', repoint: {}, risks: [] });
    expect(plan.summary).toMatch(/db1 has restarted and came up read-only/);
  });

  test('it lost transactions that the replicas hold: a human is asked', () => {
    expect(risksIn(decide(automatic(), look(2, `${P}:1-90`)))).toEqual([
      'TAKEOVER_LACKS',
      'TAKEOVER_LACKS',
      'KNOWN_LOSS',
    ]);
  });

  test.each([
    ['it has run since before it was last seen well', 60],
    ['whole seconds of uptime do not prove a restart', 7],
  ])('read-only without a restart was somebody’s will: %s', (_, uptime) => {
    expect(decide(automatic(), look(uptime)).act).toBe('stand down');
  });

  test('another was promoted since, and it is that one’s replica now: it is not opened as if it had only restarted', () => {
    const asReplica = replica('db1', 'db2', {
      ...executed(`${P}:1-100`),
      serverUuid: P,
      uptimeSeconds: 2,
      epoch: { epoch: 7, primaryUuid: uuidOf('db2'), run: 'r' },
    });
    const seenBefore = { probe: commit('read only'), lastSeen: seen('', { at: '2025-12-31T23:59:55.000Z' }) };
    expect(decide(automatic(), sighting([asReplica, silent('db2'), both[1]!], seenBefore)).act).toBe('stand down');
  });

  test('a server with another uuid at that address is not the primary that was seen', () => {
    const other = { ...restarted(2), serverUuid: uuidOf('db7') };
    const seenBefore = { probe: commit('read only'), lastSeen: seen('', { at: '2025-12-31T23:59:55.000Z' }) };
    expect(decide(automatic(), sighting([other, ...both], seenBefore)).act).toBe('stand down');
  });
});

describe('an intermediate source dies', () => {
  const cluster = clusterOf(['db1', 'db2', 'db3', 'db4', 'db5'], { failover: automatic().failover });
  const head = primary('db1', executed(`${P}:1-100`));
  const below = (name: string, receiver: 'connecting' | 'running', purgedNeeded = false) =>
    replica(name, 'db2', executed(purgedNeeded ? `${P}:1-50` : `${P}:1-90`), { receiver });
  const well = { probe: commit('committed') };

  test('its replicas get the primary as their source; writers notice nothing', () => {
    const look = [
      head,
      silent('db2', 'refused'),
      below('db3', 'connecting'),
      below('db4', 'connecting'),
      replica('db5', 'db1'),
    ];
    const plan = planOf(decide(cluster, sighting(look, well)));
    expect(plan).toMatchObject({ kind: 'reattach', newPrimary: 'db1', repoint: { db3: 'db1', db4: 'db1' }, risks: [] });
    expect(plan.summary).toBe('the intermediate source db2 is gone: db3, db4 of orders will replicate from db1');
  });

  test('they still hear it: only we cannot reach it', () => {
    const look = [head, silent('db2'), below('db3', 'running')];
    expect(decide(cluster, sighting(look, well)).act).toBe('stand down');
  });

  test('it turned them away, so it lives', () => {
    const turnedAway = replica('db3', 'db2', executed(`${P}:1-90`), {
      receiver: 'connecting',
      receiverError: { code: 1040, message: 'Too many connections' },
    });
    expect(decide(cluster, sighting([head, silent('db2'), turnedAway], well)).act).toBe('stand down');
  });

  test('it lives and refuses our account: that is not gone', () => {
    const look = [head, silent('db2', 'auth failed'), below('db3', 'connecting')];
    expect(decide(cluster, sighting(look, well)).act).toBe('stand down');
  });

  test('the primary has purged what one of them needs: a human is asked', () => {
    const purging = { ...head, gtid: { mode: 'ON', executed: `${P}:1-100`, purged: `${P}:1-60` } };
    const look = [purging, silent('db2', 'refused'), below('db3', 'connecting', true)];
    expect(risksIn(decide(cluster, sighting(look, well)))).toEqual(['FOLLOWERS_STRANDED']);
  });
});
