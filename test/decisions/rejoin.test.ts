import fc from 'fast-check';
import { type RouterView } from '../../workflows/decisions/evidence';
import { type Member } from '../../workflows/decisions/facts';
import { containsText, intersectText, subtractText, unionText } from '../../workflows/decisions/gtid-set';
import { planReplay } from '../../workflows/decisions/rejoin-plan';
import { decideRejoin, type RejoinDecision } from '../../workflows/decisions/rejoin';
import { clusterOf, channelTo, instance, primary, replica, silent, snapshotOf, uuidOf } from './members';

const [OLD, NEW, OTHER] = ['db1', 'db2', 'db9'].map(uuidOf) as [string, string, string];
const history = `${OLD}:1-100`;
const gtid = (executed: string, purged = '') => ({ gtid: { mode: 'ON', executed, purged } });
const epoch = (number: number, uuid: string) => ({ epoch: { epoch: number, primaryUuid: uuid, run: 'r' } });

/** db2 was promoted in place of db1 and has written ten transactions since; db3 follows it. */
const now = primary('db2', { ...gtid(`${history},${NEW}:1-10`), ...epoch(2, NEW) });
const third = replica('db3', 'db2', { ...gtid(`${history},${NEW}:1-10`), ...epoch(2, NEW) });
/** As a server comes back: read-only, copying from nobody. */
const returned = (executed: string, change: Parameters<typeof primary>[1] = {}) =>
  primary('db1', {
    ...gtid(executed),
    ...epoch(1, OLD),
    readOnly: true,
    superReadOnly: true,
    semiSync: { ...primary('db1').semiSync, sourceEnabled: false, replicaEnabled: true },
    ...change,
  });

const cluster = clusterOf(['db1', 'db2', 'db3']);
const decide = (db1: Member, others: readonly Member[] = [now, third], routers: readonly RouterView[] = []) =>
  decideRejoin({ cluster, snapshot: snapshotOf(db1, ...others), instance: 'db1', routers });
const refusal = (decision: RejoinDecision): string =>
  decision.act === 'refuse' ? decision.refusals.map(({ sentence, cure }) => `${sentence}: ${cure}`).join('\n') : '';

describe('a server that may follow', () => {
  test('the old primary has nothing that the new one lacks', () => {
    const decision = decide(returned(history));
    expect(decision).toMatchObject({ act: 'follow', primary: 'db2' });
    expect(decision.because).toMatch(
      /^db1 has nothing that db2 lacks and can follow it; to be settled: it does not copy from db2/,
    );
  });

  test('a replica that was lost still points at the old primary', () => {
    const lost = replica('db1', 'db3', gtid(history), { receiver: 'connecting', applier: 'running' });
    expect(decide(lost)).toMatchObject({
      act: 'follow',
      because: expect.stringMatching(/it receives nothing/) as string,
    });
  });

  test('it follows and applies, but no reads go to it: a run that was broken off is finished', () => {
    const follows = replica('db1', 'db2', gtid(`${history},${NEW}:1-10`));
    const view = { router: 'edge', writers: ['db2'], readers: ['db3'], misconfigured: false, because: '' };
    expect(decide(follows, [now, third], [view])).toMatchObject({ act: 'follow' });
    expect(decide(follows, [now, third], [{ ...view, readers: ['db1', 'db3'] }])).toMatchObject({ act: 'stand down' });
    expect(decide(follows, [now, third], [{ ...view, readers: [] }])).toMatchObject({ act: 'stand down' });
  });

  test('a delayed replica never gets reads, and lacks nothing for it', () => {
    const delayed = clusterOf([], {
      instances: [instance('db1', { delaySeconds: 3600 }), instance('db2'), instance('db3')],
    });
    const follows = replica('db1', 'db2', gtid(history), { delaySeconds: 3600 });
    const view = { router: 'edge', writers: ['db2'], readers: ['db3'], misconfigured: false, because: '' };
    expect(
      decideRejoin({ cluster: delayed, snapshot: snapshotOf(follows, now, third), instance: 'db1', routers: [view] }),
    ).toMatchObject({ act: 'stand down' });
  });

  test('what the primary wrote between two readings is not held against a server that receives from it', () => {
    expect(decide(replica('db1', 'db2', gtid(`${history},${NEW}:1-12`)))).toMatchObject({ act: 'stand down' });
  });
});

describe('nothing to do is a result', () => {
  test('it is the primary', () => {
    const db1 = primary('db1', { ...gtid(history), ...epoch(1, OLD) });
    expect(decide(db1, [replica('db2', 'db1', gtid(history)), replica('db3', 'db1', gtid(history))])).toEqual({
      act: 'stand down',
      because: 'db1 is the primary',
    });
  });

  test('it replicates already', () => {
    expect(decide(replica('db1', 'db2', gtid(`${history},${NEW}:1-10`)))).toEqual({
      act: 'stand down',
      because: 'db1 replicates from db2 and is as declared: nothing to do',
    });
  });
});

describe('a server that alone has transactions', () => {
  test('the tail of an asynchronous primary', () => {
    const decision = decide(returned(`${OLD}:1-103`));
    expect(decision).toMatchObject({ act: 'settle extras', extra: `${OLD}:101-103` });
    expect(decision.because).toMatch(/3 transactions that db2 never had \(invariant 4\)/);
  });

  test('one that somebody wrote there on its own account', () => {
    expect(decide(returned(`${history},${OTHER}:1`))).toMatchObject({ act: 'settle extras', extra: `${OTHER}:1` });
  });

  test('they are only in its relay log: applied first, for nothing of a relay log is thrown away', () => {
    const lost = replica('db1', 'db3', gtid(history), {
      receiver: 'stopped',
      applier: 'stopped',
      retrieved: `${OLD}:90-103`,
    });
    expect(decide(lost)).toMatchObject({
      act: 'apply',
      because: expect.stringMatching(/3 transactions in its relay log.*invariant 3/) as string,
    });
  });

  test('transactions of the primary’s own name count too, where it receives from nobody: the primary was restored from a backup', () => {
    expect(decide(returned(`${history},${NEW}:1-15`))).toMatchObject({ act: 'settle extras', extra: `${NEW}:11-15` });
  });
});

test('its relay log has unapplied transactions and its applier stands still: it is let run before the server is turned', () => {
  const lost = replica('db1', 'db3', gtid(`${OLD}:1-90`), {
    receiver: 'stopped',
    applier: 'stopped',
    retrieved: `${OLD}:80-100`,
  });
  expect(decide(lost)).toMatchObject({ act: 'apply' });
});

test('it takes writes beside the primary that a promotion has named: closed first (invariant 1)', () => {
  const open = primary('db1', { ...gtid(`${OLD}:1-103`), ...epoch(1, OLD) });
  expect(decide(open)).toMatchObject({
    act: 'close',
    because: expect.stringMatching(/^db1 takes writes, although db2/) as string,
  });
});

describe('refusals, each with its cure', () => {
  test.each<[string, () => RejoinDecision, RegExp]>([
    [
      'purged',
      () => decide(returned(`${OLD}:1-50`), [{ ...now, ...gtid(`${history},${NEW}:1-10`, `${OLD}:1-80`) }, third]),
      new RegExp(`db1 lacks ${OLD}:51-80, and db2 has purged.*fill it anew: .*provisionReplica`),
    ],
    ['down', () => decide(silent('db1', 'refused')), /db1 cannot be read \(refused.*start it/],
    ['hung', () => decide(silent('db1', 'timed out')), /find out whether it hangs/],
    ['another cluster', () => decide(returned(`${OTHER}:1-5`)), /no transaction in common with db2/],
    ['a reset history', () => decide(returned('')), /its history was reset/],
    [
      'a copied data folder',
      () => decide(returned(history, { serverUuid: NEW })),
      /same server_uuid: .*delete auto.cnf/,
    ],
    ['one server_id twice', () => decide(returned(history, { serverId: now.serverId })), /same server_id/],
    [
      'GTIDs off',
      () => decide(returned(history, { gtid: { mode: 'OFF', executed: history, purged: '' } })),
      /gtid_mode of db1 is OFF/,
    ],
    [
      'an older series',
      () => decide(returned(history, { release: '8.0', version: '8.0.12' })),
      /db1 \(8.0.12\) is older than db2 \(9.7.4\).*upgrade db1/,
    ],
    [
      'a named channel',
      () => decide(returned(history, { channels: [channelTo('db3', { name: 'etl' })] })),
      /channel named "etl".*RESET REPLICA ALL FOR CHANNEL 'etl'/,
    ],
    [
      'another source',
      () => decide(replica('db1', 'db7', gtid(history), { sourceUuid: OTHER })),
      /copies from 10.0.0.1:3307, which is not a server of this cluster/,
    ],
    [
      'a broken applier',
      () =>
        decide(
          replica('db1', 'db2', gtid(history), {
            applier: 'stopped',
            applierError: { code: 1062, message: 'Duplicate entry' },
          }),
        ),
      /stopped with error 1062.*never thrown away/,
    ],
    [
      'a second writable server',
      () => decide(returned(history), [now, primary('db3', { ...gtid(history), ...epoch(1, OLD) })]),
      /db3 is writable beside db2 \(invariant 1\)/,
    ],
    [
      'no primary',
      () => decide(returned(history), [silent('db2'), third]),
      /there is no primary to follow: start emergencyFailover/,
    ],
    [
      'two that take writes, and no epoch',
      () => decide(primary('db1', gtid(history)), [primary('db2', gtid(history)), silent('db3')]),
      /split brain.*no primary to follow/,
    ],
  ])('%s', (_, ask, words) => {
    expect(refusal(ask())).toMatch(words);
  });

  test('a name that the inventory does not have', () => {
    const decision = decideRejoin({ cluster, snapshot: snapshotOf(now), instance: 'db8', routers: [] });
    expect(refusal(decision)).toBe('db8 is not an instance of orders: name one of db1, db2, db3');
  });
});

/** A set of two servers' transactions, each in up to three stretches. */
const anySet = fc
  .array(fc.tuple(fc.constantFrom(OLD, NEW, OTHER), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 9 })), {
    maxLength: 6,
  })
  .map((parts) => parts.map(([uuid, from, more]) => `${uuid}:${from}-${from + more}`).reduce(unionText, ''));

describe('laws', () => {
  test('it follows exactly when it holds nothing that the primary lacks and the primary has kept all that it lacks', () => {
    fc.assert(
      fc.property(anySet, anySet, anySet, (mine, theirs, old) => {
        const purged = intersectText(old, theirs);
        const decision = decide(returned(mine), [
          { ...now, ...gtid(theirs, purged) },
          { ...third, ...gtid(theirs) },
        ]);
        const extra = subtractText(mine, theirs);
        const may = containsText(mine, purged) ? 'follow' : 'refuse';
        const act = intersectText(mine, theirs) === '' ? 'refuse' : extra !== '' ? 'settle extras' : may;
        expect(decision).toMatchObject(act === 'settle extras' ? { act, extra } : { act });
      }),
    );
  });

  test('nothing that waits in a relay log is ever left behind: it is applied, or it goes on being applied', () => {
    fc.assert(
      fc.property(anySet, anySet, (mine, waiting) => {
        const lost = replica('db1', 'db3', gtid(unionText(`${OLD}:1`, mine)), {
          receiver: 'stopped',
          applier: 'stopped',
          retrieved: waiting,
        });
        const decision = decide(lost, [{ ...now, ...gtid(unionText(`${OLD}:1`, unionText(mine, waiting))) }, third]);
        const all = containsText(unionText(`${OLD}:1`, mine), waiting);
        expect(decision.act).toBe(all ? 'follow' : 'apply');
      }),
    );
  });
});

test('an approval is of these transactions into this server: another set is another plan', () => {
  const changes = { transactions: 3, rows: [{ verb: 'INSERT' as const, table: 'shop.orders', rows: 3 }], others: [] };
  const plan = (extra: string, into = 'db2') =>
    planReplay({ instance: 'db1', primary: into, extra, changes, file: '/f' }).hash;
  expect(plan(`${OLD}:101-103`)).toBe(plan(`${OLD}:101-103`));
  expect(new Set([plan(`${OLD}:101-103`), plan(`${OLD}:101-104`), plan(`${OLD}:101-103`, 'db3')]).size).toBe(3);
});
