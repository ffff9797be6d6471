import { type Durability } from '../../workflows/decisions/cluster';
import { type LastSeen } from '../../workflows/decisions/evidence';
import { type Member } from '../../workflows/decisions/facts';
import { measureRto } from '../../workflows/decisions/rto';
import { judgeRpo } from '../../workflows/decisions/rpo';
import { automatic, deaf, decide, P, risksIn, seen, sighting } from './facts';
import { silent, snapshotOf } from './members';

const gone = silent('db1', 'refused');
const db2 = deaf('db2', { executed: `${P}:1-9` });
const db3 = deaf('db3', { executed: `${P}:1-9` });

const judge = (
  members: readonly Member[],
  lastSeen: LastSeen | null,
  { durability = 'semi-sync', missing = '' }: { durability?: Durability; missing?: string } = {},
) =>
  judgeRpo({
    cluster: automatic({ durability }),
    snapshot: snapshotOf(gone, ...members),
    oldPrimary: 'db1',
    lastSeen,
    missing,
  });

test('commits waited for acknowledgements and every acknowledger was read: nothing acknowledged is lost', () => {
  expect(judge([db2, db3], seen(''))).toMatchObject({ provablyZero: true, lost: '', lostCount: 0 });
});

test('asynchronous replication proves nothing', () => {
  const rpo = judge([db2, db3], seen(''), { durability: 'async' });
  expect(rpo).toMatchObject({ provablyZero: false, lostCount: 0 });
  expect(rpo.because).toMatch(/asynchronous/);
});

test('a known loss is counted, whatever the durability', () => {
  for (const durability of ['async', 'semi-sync', 'lossless'] as const)
    expect(judge([db2, db3], seen(''), { durability, missing: `${P}:8-9` })).toMatchObject({
      provablyZero: false,
      lost: `${P}:8-9`,
      lostCount: 2,
    });
});

describe('the acknowledger died with the primary', () => {
  test('it may alone have had the last transactions: no automatic failover', () => {
    const rpo = judge([db2, silent('db3')], seen(''));
    expect(rpo.provablyZero).toBe(false);
    expect(rpo.because).toMatch(/^db3 cannot be read, .* may alone have acknowledged/);
    expect(risksIn(decide(automatic(), sighting([gone, db2, silent('db3')], { lastSeen: seen('') })))).toEqual([
      'ACKNOWLEDGER_UNSEEN',
    ]);
  });

  test('it is not even in the snapshot', () => {
    expect(judge([db2], seen('')).provablyZero).toBe(false);
  });

  test('two acknowledgements were required: one acknowledger out of sight hides nothing', () => {
    expect(judge([db2, silent('db3')], seen('', { waitForReplicaCount: 2 })).provablyZero).toBe(true);
    expect(judge([silent('db2'), silent('db3')], seen('', { waitForReplicaCount: 2 })).provablyZero).toBe(false);
  });

  test('one that the watcher has not yet seen acknowledge, and that followed when this run looked, may have had them', () => {
    const question = {
      cluster: automatic({ durability: 'semi-sync' }),
      snapshot: snapshotOf(gone, db2, silent('db3')),
      oldPrimary: 'db1',
      lastSeen: seen('', { acknowledgers: ['db2'] }),
      missing: '',
    };
    expect(judgeRpo(question).provablyZero).toBe(true);
    expect(judgeRpo({ ...question, seenFollowing: ['db2', 'db3'] })).toMatchObject({
      provablyZero: false,
      because: expect.stringMatching(/^db3 cannot be read/) as string,
    });
  });

  test('one that never acknowledged may be out of sight', () => {
    expect(judge([db2, silent('db3')], seen('', { acknowledgers: ['db2'] })).provablyZero).toBe(true);
  });

  test('a watcher that has only begun knows no acknowledgers: then it may have been anyone', () => {
    expect(judge([db2, silent('db3')], seen('', { acknowledgers: [] })).provablyZero).toBe(false);
  });

  test('an acknowledger that restarted meanwhile threw away what it had not applied', () => {
    const at = '2025-12-31T23:59:30.000Z';
    const rpo = judge([db2, { ...db3, uptimeSeconds: 10 }], seen('', { at }));
    expect(rpo).toMatchObject({ provablyZero: false });
    expect(rpo.because).toMatch(/^db3 cannot be read, or threw its relay log away by a restart/);
    expect(judge([db2, { ...db3, uptimeSeconds: 30 }], seen('', { at })).provablyZero).toBe(true);
  });

  test('under lossless as well', () => {
    expect(judge([db2, silent('db3')], seen(''), { durability: 'lossless' }).provablyZero).toBe(false);
    expect(judge([db2, db3], null, { durability: 'lossless' }).provablyZero).toBe(true);
  });
});

test.each([false, null])('semi-sync had fallen back (%s): not provably zero', (semiSyncActive) => {
  const rpo = judge([db2, db3], seen('', { semiSyncActive }));
  expect(rpo.provablyZero).toBe(false);
  expect(rpo.because).toMatch(/had fallen back to asynchronous/);
});

describe('a primary that is cut off from its replicas but not from its clients goes on without them when its patience ends', () => {
  const behindTheFence = (lastSeen: LastSeen) =>
    judgeRpo({
      cluster: automatic(),
      snapshot: snapshotOf(gone, db2, db3),
      oldPrimary: 'db1',
      lastSeen,
      missing: '',
      fencedAt: '2026-01-01T00:00:00.000Z', // a second after it was last seen
    });

  test('fenced in time: nothing acknowledged is lost', () => {
    expect(behindTheFence(seen('', { patientForMs: 1_001 })).provablyZero).toBe(true);
  });

  test.each([1_000, 0, undefined])('fenced too late for a patience of %s ms: not provably zero', (patientForMs) => {
    const rpo = behindTheFence(seen('', { patientForMs }));
    expect(rpo.provablyZero).toBe(false);
    expect(rpo.because).toMatch(/out of sight for longer than it waits for acknowledgements/);
  });
});

test('nobody watched: not provably zero, and the dead primary itself is no acknowledger', () => {
  const rpo = judge([db2, db3], null);
  expect(rpo.provablyZero).toBe(false);
  expect(rpo.because).toMatch(/no watcher was running/);
});

describe('the time without writes', () => {
  test('from the last time the watcher saw the primary well', () => {
    expect(measureRto(seen(''), 'not used', '2026-01-01T00:00:00.700Z')).toMatchObject({
      totalMs: 1700,
      from: '2025-12-31T23:59:59.000Z',
      because: 'from the last time the watcher saw the primary well to the first write proven through a router',
    });
  });

  test('from the start of the run when nobody watched', () => {
    expect(measureRto(null, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:02.000Z')).toMatchObject({
      totalMs: 2000,
      because: 'from the start of this run: no watcher saw when the primary failed',
    });
  });

  test('no proof, no time', () => {
    expect(measureRto(seen(''), '2026-01-01T00:00:00.000Z', null)).toBeNull();
  });

  test('clocks of two hosts may disagree: never less than nothing', () => {
    expect(measureRto(seen(''), '', '2025-12-31T23:59:58.000Z')?.totalMs).toBe(0);
  });
});
