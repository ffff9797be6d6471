import { describeTopology, drawRouters, drawTopology } from '../../workflows/decisions/topology-tree';
import { clusterOf, executed, instance, primary, replica, silent, snapshotOf, uuidOf } from './members';

const P = uuidOf('db1');
const cluster = clusterOf([], {
  instances: [
    instance('db1'),
    instance('db2', { datacentre: 'b' }),
    instance('db3', { promotion: 'must_not' }),
    instance('db4'),
    instance('db5'),
  ],
});

const look = snapshotOf(
  primary('db1', executed(`${P}:1-100`)),
  replica('db2', 'db1', executed(`${P}:1-98`)),
  replica(
    'db3',
    'db2',
    { ...executed(`${P}:1-40,${uuidOf('db3')}:1`), heartbeat: null },
    { applier: 'stopped', applierError: { code: 1062, message: 'Duplicate entry' }, delaySeconds: 3600 },
  ),
  replica('db4', 'db1', { ...executed(`${P}:1-100`), readOnly: false, superReadOnly: false }),
  silent('db5', 'refused'),
);

test('the tree reads as the fleet stands', () => {
  expect(`\n${drawTopology(look, cluster)}`).toBe(`
orders  db1 is the only writable server, and db2 and db4 replicate from it; db4 replicates but could be written to (read_only is off)
db1 (10.0.0.1:3301 a)  primary · 9.7.4 · writable · semi-sync, 2 acknowledge
├─ db2 (10.0.0.1:3302 b)  intermediate source · 9.7.4 · super_read_only · lag 120 ms · 2 transactions behind · acknowledges
│  └─ db3 (10.0.0.1:3303 a)  replica · 9.7.4 · super_read_only · 60 transactions behind · promotion: must_not · delayed 3600 s · acknowledges
│         ! applier stopped: 1062 Duplicate entry
│         ! db3 has 1 errant transaction (db300000-0000-0000-0000-000000000000:1), written on it: db1 never had them
└─ db4 (10.0.0.1:3304 a)  replica · 9.7.4 · writable · lag 120 ms · has all · acknowledges
       ! takes writes (read_only is off)
db5 (10.0.0.1:3305 a)  unreadable
    ! refused: db5: connecting took more than 700 ms`);
});

test('programs get the same tree with numbers', () => {
  const { roots, primary: head } = describeTopology(look, cluster);
  expect(head).toBe('db1');
  expect(roots.map(({ name, role }) => [name, role])).toEqual([
    ['db1', 'primary'],
    ['db5', 'unreadable'],
  ]);
  const [db2, db4] = roots[0]!.replicas;
  expect(db2).toMatchObject({
    name: 'db2',
    role: 'intermediate source',
    behind: 2,
    lagMs: 120,
    writes: 'super_read_only',
    problems: [],
  });
  expect(db4).toMatchObject({ writes: 'open', problems: ['takes writes (read_only is off)'] });
  expect(db2!.replicas[0]).toMatchObject({ name: 'db3', behind: 60, lagMs: null, errant: `${uuidOf('db3')}:1` });
});

test('while the primary is dead, "behind" counts what any member holds', () => {
  const dark = snapshotOf(
    silent('db1'),
    replica('db2', 'db1', executed(`${P}:1-90`), { retrieved: `${P}:91-100` }),
    replica('db4', 'db1', executed(`${P}:1-95`)),
  );
  const replicas = describeTopology(dark, cluster).roots[0]!.replicas;
  expect(replicas.map(({ name, behind }) => [name, behind])).toEqual([
    ['db2', 10],
    ['db4', 5],
  ]);
});

test('two servers that copy from each other are drawn, not lost', () => {
  const circle = snapshotOf(replica('db1', 'db2'), replica('db2', 'db1'));
  expect(describeTopology(circle, cluster).roots.map(({ name }) => name)).toEqual(['db1']);
  expect(drawTopology(circle, cluster)).toMatch(/db1.*\n.*└─ db2/);
});

test('the caller paints, the drawing stays the same', () => {
  const painted = drawTopology(look, cluster, (kind, text) => `<${kind}>${text}</>`);
  expect(painted).toContain('<bad>db5</>');
  expect(painted.replace(/<[^>]*>/g, '')).toBe(drawTopology(look, cluster));
});

test('each router says where it sends writes, and one that is wrong is marked', () => {
  const view = { misconfigured: false, because: '' };
  const routers = [
    { ...view, router: 'a', writers: ['db1'] },
    { ...view, router: 'b', writers: [] },
    { ...view, router: 'c', writers: null, because: 'router c: no answer' },
  ];
  expect(drawRouters(routers, 'db1')).toBe(
    'router a  writes to db1\nrouter b  ! writes to no server\nrouter c  ! router c: no answer',
  );
});
