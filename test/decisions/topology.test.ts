import { type Member } from '../../workflows/decisions/facts';
import { primaryOf } from '../../workflows/decisions/topology';
import { clusterOf, primary, replica, silent, snapshotOf, uuidOf } from './members';

const cluster = clusterOf(['db1', 'db2', 'db3']);
const epochOf = (epoch: number, name: string) => ({ epoch: { epoch, primaryUuid: uuidOf(name), run: 'r' } });
const stopped = { receiver: 'stopped', applier: 'stopped' } as const;

interface Case {
  readonly incident: string;
  readonly members: readonly Member[];
  readonly is: string | null;
  readonly state: string;
  readonly also?: readonly string[];
  readonly because: RegExp;
}

const cases: readonly Case[] = [
  {
    incident: 'all is well',
    members: [primary('db1', epochOf(3, 'db1')), replica('db2', 'db1', epochOf(3, 'db1')), replica('db3', 'db1')],
    is: 'db1',
    state: 'open',
    because: /db1 is writable, was promoted as epoch 3, and db2 and db3 replicate from it/,
  },
  {
    incident: 'a fleet that no runbook has touched yet',
    members: [primary('db1'), replica('db2', 'db1')],
    is: 'db1',
    state: 'open',
    because: /db1 is the only writable server, and db2 replicates from it/,
  },
  {
    incident: 'replicas whose read_only is off are no primaries, and are named',
    members: [primary('db1'), replica('db2', 'db1', { readOnly: false }), replica('db3', 'db1')],
    is: 'db1',
    state: 'open',
    also: ['db2'],
    because: /db2 replicates but could be written to/,
  },
  {
    incident: 'the primary hangs',
    members: [silent('db1'), replica('db2', 'db1'), replica('db3', 'db1')],
    is: 'db1',
    state: 'unreadable',
    because: /db1 cannot be read \(timed out\).*db2 and db3 replicate from it/,
  },
  {
    incident: 'the primary is dead and a loose replica must not pass for a new one',
    members: [silent('db1', 'refused'), replica('db2', 'db1', { readOnly: false }), replica('db3', 'db1')],
    is: 'db1',
    state: 'unreadable',
    also: ['db2'],
    because: /db1 cannot be read \(refused\)/,
  },
  {
    incident: 'nobody is writable',
    members: [primary('db1', { readOnly: true }), replica('db2', 'db1'), replica('db3', 'db1')],
    is: 'db1',
    state: 'closed',
    because: /nobody is writable; db1 is the primary.*read-only/,
  },
  {
    incident: 'nobody is writable, no channel is left, the epoch still tells',
    members: [primary('db1', { readOnly: true, ...epochOf(4, 'db2') }), primary('db2', { readOnly: true })],
    is: 'db2',
    state: 'closed',
    because: /epoch 4 names it/,
  },
  {
    incident: 'two writable heads and no epoch',
    members: [primary('db1'), primary('db2'), replica('db3', 'db1')],
    is: null,
    state: 'unknown',
    also: ['db1', 'db2'],
    because: /db1 and db2 are writable.*split brain.*no epoch/,
  },
  {
    incident: 'two writable heads, the newest epoch decides',
    members: [
      primary('db1', epochOf(4, 'db1')),
      primary('db2', epochOf(5, 'db2')),
      replica('db3', 'db2', epochOf(5, 'db2')),
    ],
    is: 'db2',
    state: 'open',
    also: ['db1'],
    because: /split brain.*db2 has the newest promotion, epoch 5/,
  },
  {
    incident: 'the old primary woke up writable while the new one cannot be read',
    members: [primary('db1', epochOf(4, 'db1')), silent('db2'), replica('db3', 'db2', epochOf(5, 'db2'))],
    is: 'db2',
    state: 'unreadable',
    also: ['db1'],
    because: /db2 was promoted as epoch 5, but db1 is writable and knows only epoch 4/,
  },
  {
    incident: 'somebody has promoted a replica and not yet moved the others',
    members: [silent('db1'), replica('db2', 'db1', { readOnly: false }, stopped), replica('db3', 'db1')],
    is: 'db1',
    state: 'unreadable',
    also: ['db2'],
    because: /db3 still replicates from db1.*db2 is already writable: somebody else has promoted it/,
  },
  {
    incident: 'another tool has promoted and finished',
    members: [silent('db1'), primary('db2', epochOf(3, 'db1')), replica('db3', 'db2', epochOf(3, 'db1'))],
    is: 'db2',
    state: 'open',
    because: /db2 is the only writable server/,
  },
  {
    incident: 'our own promotion, the channel not reset yet and nobody moved',
    members: [
      silent('db1'),
      replica('db2', 'db1', { readOnly: false, ...epochOf(5, 'db2') }, stopped),
      replica('db3', 'db1'),
    ],
    is: 'db2',
    state: 'open',
    because: /db2 is writable, was promoted as epoch 5/,
  },
  {
    incident: 'a cascade: the intermediate source is not the top',
    members: [silent('db1'), replica('db2', 'db1'), replica('db3', 'db2')],
    is: 'db1',
    state: 'unreadable',
    because: /db2 replicates from it/,
  },
  {
    incident: 'we see nothing at all',
    members: [silent('db1'), silent('db2'), silent('db3')],
    is: null,
    state: 'unknown',
    because: /no member can be read/,
  },
];

test.each(cases)('$incident', ({ members, is, state, also, because }) => {
  const found = primaryOf(snapshotOf(...members), cluster);
  expect(found).toMatchObject({ primary: is, state, alsoWritable: also ?? [] });
  expect(found.because).toMatch(because);
});

test("a source known by another address than the inventory's is recognised by its uuid", () => {
  const look = snapshotOf(
    primary('db1', { readOnly: true }),
    replica('db2', 'db1', {}, { sourceHost: '192.168.7.1', sourcePort: 13306 }),
  );
  expect(primaryOf(look, cluster)).toMatchObject({ primary: 'db1', state: 'closed' });
});
