import { type CommitProbe } from '../../workflows/decisions/evidence';
import { type ChannelFacts, type UnreadableReason } from '../../workflows/decisions/facts';
import { diagnosePrimary, type PrimaryState } from '../../workflows/decisions/diagnosis';
import { commit, seen, sighting } from './facts';
import { primary, replica, silent, uuidOf } from './members';

const hears = (name: string, change: Partial<ChannelFacts> = {}) => replica(name, 'db1', {}, change);
const lost: Partial<ChannelFacts> = { receiver: 'connecting' };

describe('a primary that answers is judged by its commit', () => {
  test.each<[CommitProbe['outcome'], PrimaryState, 'yes' | 'no' | 'a human must say', RegExp]>([
    ['committed', 'healthy', 'no', /committed a row in 3 ms/],
    ['read only', 'read-only', 'no', /refuses writes/],
    ['blocked by semi-sync', 'semi-sync blocked', 'no', /wait for a replica's acknowledgement/],
    ['denied', 'auth broken', 'no', /refuses our account/],
    ['disk full', 'disk full', 'yes', /its disk is full/],
    ['timed out', 'stalled', 'a human must say', /answers reads, but a commit did not succeed/],
    ['no connection', 'stalled', 'a human must say', /did not succeed/],
    ['failed', 'stalled', 'a human must say', /did not succeed/],
  ])('%s: %s', (outcome, state, writesAreOver, because) => {
    const found = diagnosePrimary(sighting([primary('db1'), hears('db2')], { probe: commit(outcome) }));
    expect(found).toMatchObject({ state, writesAreOver });
    expect(found.because).toMatch(because);
  });

  test('without a commit probe an answer is a sign of health and nothing more', () => {
    expect(diagnosePrimary(sighting([primary('db1')]))).toMatchObject({ state: 'healthy', because: 'db1 answers' });
  });

  test('the sentence of a stalled primary has no measured time: it stands in the plan, whose hash must hold still', () => {
    const [first, second] = [498, 503].map((ms) =>
      diagnosePrimary(sighting([primary('db1')], { probe: commit('timed out', ms) })),
    );
    expect(first?.because).toBe(second?.because);
  });
});

describe('a primary that lives but does not let us in is never failed over', () => {
  test.each<[UnreadableReason, PrimaryState, 'no' | 'a human must say', RegExp]>([
    ['auth failed', 'auth broken', 'no', /does not accept our account: nothing was touched/],
    ['tls failed', 'auth broken', 'no', /TLS with it fails/],
    ['too many connections', 'overloaded', 'no', /no free connection/],
    ['unsupported', 'unknown', 'no', /not a server this product supports/],
    ['failed', 'unknown', 'a human must say', /no proof of death/],
  ])('%s, although no replica hears it', (reason, state, writesAreOver, because) => {
    const found = diagnosePrimary(sighting([silent('db1', reason), hears('db2', lost), hears('db3', lost)]));
    expect(found).toMatchObject({ state, writesAreOver });
    expect(found.because).toMatch(because);
  });
});

describe('a primary that we cannot reach is judged by its replicas', () => {
  test.each<[UnreadableReason, PrimaryState, RegExp]>([
    ['refused', 'dead', /db1 is gone \(refused\), and none of its replicas hears it \(db2, db3\)/],
    ['unreachable', 'dead', /gone \(unreachable\)/],
    ['lost', 'dead', /gone \(lost\)/],
    ['timed out', 'hung', /answers nothing in time, and none of its replicas hears it/],
  ])('%s and nobody hears it: %s', (reason, state, because) => {
    const found = diagnosePrimary(sighting([silent('db1', reason), hears('db2', lost), hears('db3', lost)]));
    expect(found).toMatchObject({ state, writesAreOver: 'yes' });
    expect(found.because).toMatch(because);
  });

  test('only the observer is cut off: every replica hears it, so we are the blind one', () => {
    const found = diagnosePrimary(sighting([silent('db1'), hears('db2'), hears('db3')]));
    expect(found).toMatchObject({ state: 'unreachable from here only', writesAreOver: 'no' });
    expect(found.because).toMatch(/db2, db3 still hears it: we are the blind one/);
  });

  test('some replicas hear it and others do not: a human must look', () => {
    const found = diagnosePrimary(sighting([silent('db1', 'refused'), hears('db2'), hears('db3', lost)]));
    expect(found).toMatchObject({ state: 'disputed', writesAreOver: 'a human must say' });
    expect(found.because).toMatch(/db2 still hears db1, db3 does not/);
  });

  test.each([
    ['every receiver is stopped', [hears('db2', { receiver: 'stopped' })]],
    ['no replica can be read', [silent('db2')]],
    ['the only replica copies from somebody else', [replica('db2', 'db7')]],
  ])('%s: without a witness nothing is known', (_, others) => {
    const found = diagnosePrimary(sighting([silent('db1', 'refused'), ...others]));
    expect(found).toMatchObject({ state: 'unknown', writesAreOver: 'a human must say' });
    expect(found.because).toMatch(/may be our own blindness/);
  });

  test('a replica that knows its source by another address is known by the uuid that the watcher saw', () => {
    const behindNat = hears('db2', { ...lost, sourceHost: '192.168.0.1', sourceUuid: uuidOf('db1') });
    const look = [silent('db1', 'refused'), behindNat];
    expect(diagnosePrimary(sighting(look)).state).toBe('unknown');
    expect(diagnosePrimary(sighting(look, { lastSeen: seen('') })).state).toBe('dead');
  });

  test('nobody is known to be the primary', () => {
    expect(diagnosePrimary(sighting([hears('db2')], { primary: null }))).toMatchObject({
      state: 'unknown',
      writesAreOver: 'a human must say',
      because: 'nobody knows which server is the primary',
    });
  });
});

describe('how long a source may be silent', () => {
  const says = (channel: Partial<ChannelFacts>) =>
    diagnosePrimary(sighting([silent('db1'), hears('db2', channel)])).testimony[0];

  test.each([
    ['one and a half heartbeats and a little are not silence', 0.5, 950, 'sees it'],
    ['a millisecond more is', 0.5, 951, 'does not see it'],
    ['long heartbeats make a replica believe for long', 30, 45_200, 'sees it'],
    ['but not for ever', 30, 45_201, 'does not see it'],
  ])('%s', (_, heartbeatPeriodSeconds, silentForMs, word) => {
    expect(says({ heartbeatPeriodSeconds, silentForMs })?.says).toBe(word);
  });

  test('with heartbeats switched off, silence of an idle source is no testimony', () => {
    expect(says({ heartbeatPeriodSeconds: 0, silentForMs: 60_000 })).toMatchObject({
      says: 'cannot say',
      because: 'has heard nothing for 60.0 s, and its heartbeats are switched off',
    });
    expect(says({ heartbeatPeriodSeconds: 0, silentForMs: 100 })?.says).toBe('sees it');
  });

  test('a release that keeps no heartbeat time cannot say', () => {
    expect(says({ silentForMs: null })).toMatchObject({ says: 'cannot say' });
  });

  test('a stopped receiver cannot say, and tells why it stopped', () => {
    const receiverError = { code: 13114, message: 'purged binary logs' };
    expect(says({ receiver: 'stopped', receiverError })?.because).toBe('its receiver stopped: purged binary logs');
  });

  test.each([1040, 1045, 1129, 1130, 3118])(
    'a receiver that the source turned away with %i has met a living source',
    (code) => {
      const found = says({ ...lost, receiverError: { code, message: 'turned away' } });
      expect(found).toMatchObject({
        says: 'cannot say',
        because: 'the source answered and turned it away: turned away',
      });
    },
  );

  test.each([2003, 2013])('a receiver that cannot connect (%i) has not', (code) => {
    expect(says({ ...lost, receiverError: { code, message: 'error connecting' } })?.says).toBe('does not see it');
  });
});
