import { compareQueries, cureOf } from '../../workflows/decisions/upgrading/queries';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster } from '../../workflows/decisions/cluster';
import { type ClusterSnapshot, type InstanceFacts } from '../../workflows/decisions/facts';
import { decideFleets, howToFill, olderThan } from '../../workflows/decisions/upgrading/fleet';
import {
  costOfCancel,
  costOfGoingBack,
  isSwitched,
  PHASES,
  whatItDoes,
  whyNotBack,
} from '../../workflows/decisions/upgrading/phases';
import { whyNotThisStep } from '../../workflows/decisions/upgrading/steps';
import { judgeLink, risksToTheWayBack } from '../../workflows/decisions/upgrading/way-back';
import { type channelTo, clusterOf, executed, primary, replica, snapshotOf, soundDetail, uuidOf } from './members';

const OLD = { version: '5.7.22', release: '5.7' } as const;
const NEW = { version: '8.0.12', release: '8.0' } as const;
const WRITTEN = executed(`${uuidOf('db1')}:1-90`);

const cluster = (change: Partial<Cluster> = {}) =>
  clusterOf(['db1', 'db2', 'db3', 'db4'], { upgrade: { green: ['db3', 'db4'] }, ...change });
const fleet = (change: Partial<InstanceFacts> = {}): ClusterSnapshot =>
  snapshotOf(
    primary('db1', { ...OLD, ...WRITTEN }),
    replica('db2', 'db1', { ...OLD, ...WRITTEN }),
    replica('db3', 'db1', { ...NEW, ...WRITTEN, ...change }),
    replica('db4', 'db1', { ...NEW, ...WRITTEN }),
  );
const ask = { mode: 'blue/green', to: '8.0', primary: 'db1', forced: null } as const;

describe('one supported step', () => {
  test.each([
    ['5.7', '8.0'],
    ['8.0', '8.4'],
    ['8.4', '9.7'],
  ] as const)('%s to %s is one', (from, to) => expect(whyNotThisStep(from, to, null)).toBeNull());

  test('a release that is skipped needs a reason of a person', () => {
    expect(whyNotThisStep('8.0', '9.7', null)).toMatchObject({
      sentence: '8.0 to 9.7 skips 8.4, which MySQL does not support',
      cure: expect.stringContaining('upgrade to 8.4 first') as string,
    });
    expect(whyNotThisStep('8.0', '9.7', 'tried in staging')).toBeNull();
  });

  test('nobody goes down, with whatever reason', () =>
    expect(whyNotThisStep('8.4', '8.0', 'I insist')?.cure).toMatch(/runbook go-back/));

  test('the same release is no upgrade', () =>
    expect(whyNotThisStep('8.0', '8.0', null)?.sentence).toBe('the cluster runs 8.0 already'));
});

describe('two fleets in one cluster', () => {
  test('those that are named are green, the others blue', () =>
    expect(decideFleets({ ...ask, cluster: cluster(), snapshot: fleet() })).toEqual({
      from: '5.7',
      to: '8.0',
      blue: ['db1', 'db2'],
      green: ['db3', 'db4'],
      switched: false,
    }));

  test('the one that the inventory prefers is to be the primary', () => {
    const { instances } = cluster();
    const preferring = instances.map((one) => (one.name === 'db4' ? { ...one, promotion: 'prefer' as const } : one));
    expect(decideFleets({ ...ask, cluster: cluster({ instances: preferring }), snapshot: fleet() })).toMatchObject({
      green: ['db4', 'db3'],
    });
  });

  test('a cluster whose primary is green has switched, and a run that comes later goes on there', () =>
    expect(
      decideFleets({
        ...ask,
        primary: 'db3',
        cluster: cluster(),
        snapshot: snapshotOf(
          primary('db3', NEW),
          replica('db1', 'db3', OLD),
          replica('db2', 'db1', OLD),
          replica('db4', 'db3', NEW),
        ),
      }),
    ).toMatchObject({ switched: true, from: '5.7', to: '8.0' }));

  test('three releases are one too many', () =>
    expect(
      decideFleets({
        ...ask,
        cluster: cluster({ upgrade: { green: ['db4'] } }),
        snapshot: fleet({ version: '8.4.0', release: '8.4' }),
      }),
    ).toContainEqual(
      expect.objectContaining({ sentence: '5.7, 8.0, 8.4 stand in one cluster, and two are the most' }),
    ));

  test('a green server of another release, and nobody green at all, are said with their cure', () => {
    expect(decideFleets({ ...ask, cluster: cluster(), snapshot: fleet(OLD) })).toEqual([
      { sentence: 'db3 is green and runs 5.7.22, not 8.0', cure: 'install 8.0 on db3' },
    ]);
    expect(decideFleets({ ...ask, cluster: clusterOf(['db1', 'db2']), snapshot: fleet() })).toEqual([
      expect.objectContaining({ cure: expect.stringContaining('upgrade: { green: [db4] }') as string }),
    ]);
  });

  test('rolling: replicas are green; one server alone is refused, and a cluster where nothing replaces programs', () => {
    const rolling = { ...ask, mode: 'rolling' } as const;
    const able = cluster({ upgrade: { replaceCommand: ['/opt/replace'] } });
    const before = fleet(OLD);
    expect(decideFleets({ ...rolling, cluster: able, snapshot: before })).toMatchObject({
      blue: ['db1'],
      green: ['db2', 'db3', 'db4'],
    });
    expect(decideFleets({ ...rolling, cluster: cluster({ upgrade: {} }), snapshot: before })).toEqual([
      expect.objectContaining({ sentence: 'nothing in the inventory replaces the program of a server' }),
    ]);
    const alone = clusterOf(['db1'], { upgrade: { replaceCommand: ['/opt/replace'] } });
    expect(decideFleets({ ...rolling, cluster: alone, snapshot: snapshotOf(primary('db1', OLD)) })).toEqual([
      expect.objectContaining({ sentence: expect.stringContaining('has one server') as string }),
    ]);
  });

  test('who is older than a server is known, so that a plan can say who cannot follow it', () => {
    expect(olderThan(fleet(), 'db3')).toEqual(['db1', 'db2']);
    expect(olderThan(fleet(), 'db2')).toEqual([]);
  });
});

describe('a green server is filled', () => {
  const filling = (one: InstanceFacts, source: Partial<InstanceFacts> = {}) =>
    howToFill(snapshotOf(primary('db1', { ...OLD, ...WRITTEN, ...source }), one), 'db3', 'db1');
  const empty = primary('db3', { ...NEW, ...executed(''), readOnly: true });

  test('by replication from the first binary log, while the primary has it', () =>
    expect(filling(empty)).toEqual({ how: 'from the binary logs' }));

  test('not at all where it follows already', () =>
    expect(filling(replica('db3', 'db1', { ...NEW, ...WRITTEN }))).toEqual({ how: 'follows already' }));

  test('by a copy, where binary logs are gone', () =>
    expect(filling(empty, { gtid: { ...WRITTEN.gtid, purged: `${uuidOf('db1')}:1-20` } })).toEqual({
      how: 'by a copy',
      because: 'db1 has purged binary logs that db3 needs',
    }));

  test('by a copy, where an empty 9.7 would read logs from the first day: they may make accounts that it cannot have', () => {
    const of97 = { ...empty, version: '9.7.4', release: '9.7' } as const;
    expect(filling(of97)).toMatchObject({
      how: 'by a copy',
      because: expect.stringMatching(/^db3 is empty/) as string,
    });
    expect(filling({ ...of97, ...executed(`${uuidOf('db1')}:1-50`) })).toEqual({ how: 'from the binary logs' });
  });

  test('never over what it alone has', () =>
    expect(filling({ ...empty, ...executed(`${uuidOf('db3')}:1`) })).toMatchObject({
      how: 'refused',
      refusal: { sentence: 'db3 has transactions that db1 never had' },
    }));
});

describe('the phases', () => {
  const cast = {
    ...{ cluster: 'orders', primary: 'db1', oldPrimary: 'db1', inPlace: false },
    ...{ green: ['db3', 'db4'], blue: ['db1', 'db2'] },
  };
  const after = { ...cast, primary: 'db3' };

  test('in place, what was replaced stays replaced, and nothing stops replicating', () => {
    const inPlace = { ...cast, inPlace: true, green: ['db2', 'db3'], blue: ['db1'] };
    expect(whatItDoes('build', inPlace)).toBe(
      'db2 and db3 get the next release, one after the other; db1 keeps the writes',
    );
    expect(costOfCancel('soak', inPlace)).toBe(
      'db2 and db3 stay replicating, on whichever release they have by then: a program that was replaced stays replaced; no client notices',
    );
    expect(whatItDoes('retire', { ...inPlace, primary: 'db2' })).toBe(
      'db1 gets the next release, too: from here on there is no way back',
    );
  });

  test('each says what it does and what leaving it costs', () => {
    for (const phase of PHASES) {
      expect(whatItDoes(phase, cast)).toMatch(/\w/);
      expect(costOfCancel(phase, cast)).toMatch(/\w/);
      expect(costOfGoingBack(phase, cast)).toMatch(/\w/);
    }
    expect(costOfCancel('soak', cast)).toBe(
      'db3 and db4 stop replicating and stay as they are; no client notices; what was copied and tried is worth nothing after that',
    );
    expect(costOfGoingBack('keep', after)).toBe(
      'one more switchover, from db3 to db1: clients wait once more within the write-gap budget, and everything that was written on db3 is on db1 before it opens',
    );
  });

  test('the paper has each of them, in this order', () => {
    const paper = readFileSync(join(__dirname, '../../docs/runbooks/upgrade.md'), 'utf8');
    expect([...paper.matchAll(/^\| \*\*([a-z ]+)\*\* \|/gm)].map(([, phase]) => phase)).toEqual([...PHASES]);
  });

  test('behind the switch are watch, keep and retire alone', () =>
    expect(PHASES.filter(isSwitched)).toEqual(['watch', 'keep', 'retire']));

  test('going back is possible until somebody retires the way, but not while a switchover has the word', () => {
    const turning = { by: 'ada', asked: false, broken: null };
    const refused = PHASES.filter((phase) => whyNotBack({ ...turning, phase }, after) !== null);
    expect(refused).toEqual(['switch', 'retire']);
    expect(whyNotBack({ ...turning, phase: 'keep', by: ' ' }, after)).toMatch(/Say who/);
    expect(whyNotBack({ ...turning, phase: 'keep', asked: true }, after)).toBe('It is going back already.');
  });

  test('a way back that is broken is not taken: what was written since would be missing', () => {
    const turning = { by: 'ada', asked: false, broken: 'the applier of db1 stopped with error 1146: no table' };
    expect(whyNotBack({ ...turning, phase: 'keep' }, after)).toMatch(/^The way back is broken: .*1146.*Mend it first/);
    expect(whyNotBack({ ...turning, phase: 'soak' }, cast)).toBeNull();
  });
});

describe('the way back', () => {
  const link = { replica: 'db1', source: 'db3' };
  const after = (channel: Parameters<typeof channelTo>[1] = {}, source = 'db3') =>
    judgeLink(snapshotOf(primary('db3', NEW), replica('db1', source, OLD, channel), replica('db2', 'db1', OLD)), link);
  const error = { code: 1115, message: "Unknown character set: 'utf8mb4'" };

  test('is whole while both threads run', () => expect(after()).toEqual({ state: 'whole' }));

  test.each([
    ['an applier error', { applier: 'stopped', applierError: error } as const, /db1 stopped with error 1115/],
    ['an applier that somebody stopped', { applier: 'stopped' } as const, /the applier of db1 was stopped/],
    [
      'a login that the new release refuses',
      { receiver: 'connecting', receiverError: error } as const,
      /cannot connect/,
    ],
    ['a purged binary log', { receiver: 'stopped', receiverError: error } as const, /receives nothing from db3/],
  ])('is broken by %s, which says which server and why', (_, channel, words) =>
    expect(after(channel)).toEqual({ state: 'broken', because: expect.stringMatching(words) as string }),
  );

  test('a connection that is made anew for a moment breaks nothing', () =>
    expect(after({ receiver: 'connecting' })).toEqual({ state: 'whole' }));

  test('a source that is not the new primary is no way back', () =>
    expect(after({}, 'db2')).toMatchObject({ because: 'db1 copies from db2, not from db3' }));

  const risks = (green: Record<string, string>, oldVersion: Partial<InstanceFacts> = OLD, keepSeconds = 86_400) =>
    risksToTheWayBack({
      ...{ oldPrimary: 'db1', newPrimary: 'db3', keepSeconds },
      snapshot: snapshotOf(
        primary('db1', {
          ...oldVersion,
          detail: soundDetail({
            variables: {
              character_set_server: 'latin1',
              collation_server: 'latin1_swedish_ci',
              max_allowed_packet: '4194304',
            },
          }),
        }),
        replica('db3', 'db1', { ...NEW, detail: soundDetail({ variables: green }) }),
      ),
    }).map(({ sentence }) => sentence);

  test('what an older replica cannot follow is found before the switch', () => {
    expect(risks({ binlog_row_value_options: 'PARTIAL_JSON' })).toEqual([
      'binlog_row_value_options is PARTIAL_JSON on db3: db1 does not know partial JSON updates',
    ]);
    expect(risks({ default_collation_for_utf8mb4: 'utf8mb4_0900_ai_ci' })).toEqual([
      'default_collation_for_utf8mb4 is utf8mb4_0900_ai_ci on db3: a client that says SET NAMES utf8mb4 would write what db1 cannot apply',
    ]);
    expect(risks({ collation_server: 'utf8mb4_0900_ai_ci' })).toHaveLength(1);
    expect(risks({ binlog_transaction_compression: 'ON' }, { version: '8.0.12', release: '8.0' })).toHaveLength(1);
    expect(risks({ binlog_expire_logs_seconds: '3600' })).toHaveLength(1);
    const OF_80 = { version: '8.0.12', release: '8.0' } as const;
    expect(risks({ caching_sha2_password_digest_rounds: '10000' }, OF_80)).toEqual([
      'caching_sha2_password_digest_rounds is 10000 on db3: an account that is made or given a new password there would stop db1 with error 1827',
    ]);
    expect(risks({ caching_sha2_password_storage_format: 'PBKDF2' }, OF_80)).toHaveLength(1);
    expect(risks({ max_allowed_packet: '67108864' })).toEqual([
      'max_allowed_packet is 67108864 on db3: db1 takes less, and a bigger row would stop it',
    ]);
  });

  test('the same settings, and logs that are kept for long enough, are no risk', () =>
    expect(
      risks({
        ...{ character_set_server: 'latin1', collation_server: 'latin1_swedish_ci', binlog_row_value_options: '' },
        ...{ binlog_transaction_compression: 'OFF', binlog_expire_logs_seconds: '604800' },
      }),
    ).toEqual([]));

  test('an 8.0 that knows how often a password is hashed is not stopped by 9.7 hashing it more often', () =>
    expect(risks({ caching_sha2_password_digest_rounds: '10000' }, { version: '8.0.36', release: '8.0' })).toEqual([]));
});

describe('a statement that fails on the new release', () => {
  test('is told with its cure, where its text tells it', () => {
    expect(cureOf('SELECT COUNT(*) AS library FROM orders', '8.0.12', '9.7.4')).toBe('LIBRARY: write it in backquotes');
    expect(cureOf('SELECT COUNT(*) AS manual FROM orders', '8.0.12', '9.7.4')).toBeUndefined(); // free again
    expect(cureOf('SELECT 1', '8.0.12', '9.7.4')).toBeUndefined();
  });

  test('breaks, and the developer reads what to do', () => {
    const old = { ok: true, ms: 1, plan: [] } as const;
    const fails = { ok: false, error: 'You have an error', cure: 'LIBRARY: write it in backquotes' } as const;
    const one = { digest: 'd', schema: 'shop', text: 'SELECT …', old };
    expect(compareQueries([{ ...one, new: fails }])).toMatchObject([
      { kind: 'breaks', sentence: expect.stringMatching(/You have an error; cure: LIBRARY: write it/) as string },
    ]);
    expect(compareQueries([{ ...one, old: fails, new: fails }])).toMatchObject([{ kind: 'not tried' }]);
  });
});
