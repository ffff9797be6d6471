import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../../../activities/inventory/inventory';
import { resolveSecret } from '../../../activities/inventory/secrets';
import { schemaStatements } from '../../../activities/mysql/schema';
import { type KeptServers, openServers } from '../../../activities/mysql/servers';
import { lookAtCluster } from '../../../activities/observe/cluster';
import { withoutLiterals } from '../../../activities/observe/detail';
import { type Lab, startLab } from '../../../lab';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { examine } from '../../../workflows/decisions/doctor';
import { findErrant } from '../../../workflows/decisions/errant';
import { type InstanceFacts, type Member, type UnreadableInstance } from '../../../workflows/decisions/facts';
import { primaryOf } from '../../../workflows/decisions/topology';
import { drawTopology } from '../../../workflows/decisions/topology-tree';

let lab: Lab;
let cluster: Cluster;
let servers: KeptServers;

beforeAll(async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'look-')), 'lab');
  lab = await startLab({ folder, replicas: 2, router: 'none', lifetime: 'starter', delayed: { db3: 3600 } });
  cluster = (await loadInventory(lab.inventoryPath)).clusters[0]!;
  servers = openServers({ secrets: (reference) => resolveSecret(reference, lab.folder) });
  await servers.warm(cluster);
});
afterAll(async () => {
  await servers.close();
  await lab.down();
});

const look = (full = false) => lookAtCluster(servers, cluster, { full });
const facts = (members: readonly Member[], name: string): InstanceFacts => {
  const member = members.find((one) => one.name === name);
  if (!member?.readable) throw new Error(`${name} cannot be read: ${JSON.stringify(member)}`);
  return member;
};
const unread = (members: readonly Member[], name: string) =>
  members.find((one) => one.name === name) as UnreadableInstance;

/** Looks until the fleet is as awaited; the last look is given back. */
async function until(awaited: (members: readonly Member[]) => boolean, full = false) {
  const end = Date.now() + 20_000;
  for (;;) {
    const snapshot = await look(full);
    if (awaited(snapshot.members)) return snapshot;
    if (Date.now() > end) throw new Error(`the awaited state did not come: ${JSON.stringify(snapshot.members)}`);
  }
}

test('a fleet in good order is read whole', async () => {
  await lab.rows(
    'db1',
    'REPLACE INTO runbooks.heartbeat (server_uuid, written_at, beat) VALUES (@@server_uuid, NOW(6), 1)',
  );
  await lab.rows('db1', "REPLACE INTO runbooks.epoch (epoch, primary_uuid, run) VALUES (7, @@server_uuid, 'first')");
  const { members } = await until((now) => facts(now, 'db2').epoch?.epoch === 7);
  const [db1, db2, db3] = ['db1', 'db2', 'db3'].map((name) => facts(members, name)) as [
    InstanceFacts,
    InstanceFacts,
    InstanceFacts,
  ];

  expect(db1).toMatchObject({
    release: '9.7',
    readOnly: false,
    channels: [],
    detail: null,
    epoch: { epoch: 7, primaryUuid: db1.serverUuid, run: 'first' },
  });
  expect([...db1.feeds].sort()).toEqual([db2.serverUuid, db3.serverUuid].sort());
  expect(db1.semiSync).toMatchObject({ sourceEnabled: true, sourceActive: true, waitForReplicaCount: 1 });
  expect(db1.semiSync.acknowledgers).toBeGreaterThan(0);
  expect(db1.heartbeat).toMatchObject({ writtenBy: db1.serverUuid });
  expect(db1.heartbeat!.ageMs).toBeLessThan(20_000);

  expect(db2).toMatchObject({ readOnly: true, superReadOnly: true, feeds: [] });
  expect(db2.semiSync.replicaActive).toBe(true);
  expect(db2.channels).toHaveLength(1);
  expect(db2.channels[0]).toMatchObject({
    sourceUuid: db1.serverUuid,
    sourcePort: db1.port,
    autoPosition: true,
    receiver: 'running',
    applier: 'running',
    receiverError: null,
    applierError: null,
    delaySeconds: 0,
  });
  expect(db2.channels[0]!.retrieved).toContain(db1.serverUuid);
  expect(db2.channels[0]!.silentForMs).toBeLessThan(2000);
  expect(db3.channels[0]!.delaySeconds).toBe(3600);
  expect(db3.epoch).toBeNull();

  expect(primaryOf({ cluster: 'orders', takenAt: '', members }, cluster)).toMatchObject({
    primary: 'db1',
    state: 'open',
  });
});

test('silence grows while the source hangs, and the hung server costs no more than its deadline', async () => {
  lab.faults.hang('db1');
  try {
    // The signal may take a moment to stop all threads.
    await until((now) => now.some(({ readable }) => !readable));
    const asked = performance.now();
    const { members } = await look();
    expect(performance.now() - asked).toBeLessThan(8000);
    expect(unread(members, 'db1')).toMatchObject({ readable: false, reason: 'timed out' });
    const dark = await until(
      (now) =>
        (facts(now, 'db2').channels[0]!.silentForMs ?? 0) > 1500 ||
        facts(now, 'db2').channels[0]!.receiver === 'connecting',
    );
    expect(primaryOf(dark, cluster)).toMatchObject({ primary: 'db1', state: 'unreadable' });
  } finally {
    lab.faults.wake('db1');
  }
  await until(
    (now) => now.every((member) => member.readable) && (facts(now, 'db2').channels[0]!.silentForMs ?? Infinity) < 1000,
  );
});

test('heartbeats pause while transactions flow, and are not taken for silence', async () => {
  const writes = (async () => {
    for (let n = 0; n < 80; n += 1) await lab.rows('db1', 'UPDATE runbooks.heartbeat SET beat = beat + 1');
  })();
  let worst = 0;
  let done = false;
  void writes.then(() => (done = true));
  do {
    const { members } = await look();
    worst = Math.max(worst, facts(members, 'db2').channels[0]!.silentForMs ?? Infinity);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by the promise above
  } while (!done);
  expect(worst).toBeLessThan(1500);
});

test('an errant transaction is found on the replica where it was written', async () => {
  for (const sql of [
    'SET GLOBAL super_read_only = OFF',
    'CREATE DATABASE by_mistake',
    'SET GLOBAL super_read_only = ON',
  ])
    await lab.rows('db2', sql);
  const [onDb2, onDb3] = findErrant(await look(), 'db1');
  expect(onDb2).toMatchObject({ replica: 'db2', writtenHere: true });
  expect(onDb2!.errant).toMatch(new RegExp(`^${lab.server('db2').uuid}:1$`));
  expect(onDb3).toMatchObject({ replica: 'db3', errant: '' });
  expect(drawTopology(await look(), cluster)).toMatch(/db2 has 1 errant transaction/);
});

test('an applier that stopped on an error says which', async () => {
  await lab.rows('db1', 'CREATE DATABASE by_mistake'); // db2 has it already
  const { members } = await until((now) => facts(now, 'db2').channels[0]!.applier === 'stopped');
  expect(facts(members, 'db2').channels[0]!.applierError).toMatchObject({ code: 1007 });
});

describe('the full look', () => {
  test('open transactions, prepared XA, events and what comes back at boot are seen; literals are not kept', async () => {
    await lab.rows(
      'db1',
      'CREATE EVENT IF NOT EXISTS shop.nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM shop.nothing',
    );
    await lab.rows('db1', 'SET GLOBAL max_connections = 321');
    const undo = await lab.faults.holdTransaction('db1');
    const undoXa = await lab.faults.prepareXa('db1');
    try {
      const { members } = await look(true);
      const detail = facts(members, 'db1').detail!;
      expect(detail.transactions.some(({ rowsModified, user }) => rowsModified > 0 && user !== '')).toBe(true);
      expect(detail.preparedXa).toHaveLength(1);
      expect(detail.preparedXa[0]).toMatch(/^X'[0-9a-f]+',X'[0-9a-f]*',\d+$/i);
      expect(detail.events).toContainEqual({ schema: 'shop', name: 'nightly', status: 'ENABLED' });
      expect(detail.variables).toMatchObject({ sync_binlog: '1', max_connections: '321', binlog_do_db: '' });
      expect(detail.atBoot).toMatchObject({ sync_binlog: '1' });
      expect(detail.atBoot).toMatchObject({ super_read_only: 'ON' });
      expect(detail.atBoot).not.toHaveProperty('max_connections');
      expect(Math.abs(detail.clockSkewMs)).toBeLessThan(500);
      expect(detail.plugins).toContain('clone');
      expect(detail.notRead).toBeUndefined();
    } finally {
      await undoXa();
      await undo();
    }
  });

  test('a missing privilege costs one part and names it', async () => {
    await lab.rows('db1', "REVOKE XA_RECOVER_ADMIN ON *.* FROM 'runbooks'@'%'");
    try {
      const snapshot = await until((now) => facts(now, 'db1').detail!.notRead !== undefined, true);
      const detail = facts(snapshot.members, 'db1').detail!;
      expect(detail.notRead).toMatchObject([{ part: 'prepared XA transactions' }]);
      expect(detail.plugins.length).toBeGreaterThan(5);
      const found = examine(snapshot, cluster).filter(
        ({ what, instance }) => instance === 'db1' && what.includes('XA_RECOVER_ADMIN'),
      );
      expect(found[0]?.fix).toEqual(["GRANT XA_RECOVER_ADMIN ON *.* TO 'runbooks'@'%';"]);
    } finally {
      await lab.rows('db1', "GRANT XA_RECOVER_ADMIN ON *.* TO 'runbooks'@'%'");
    }
  });

  test('doctor finds on the lab what is wrong with it, and nothing else', async () => {
    const told = async () =>
      examine(await look(true), cluster, { createTables: schemaStatements(cluster.schema) })
        .filter(({ severity }) => severity !== 'note')
        .map(({ instance, what }) => `${instance}: ${what.replace(/:.*/, '')}`);
    expect(await told()).toEqual([]);
    // It was opened or closed at run time, and from then on a server cannot say what its option file says.
    await lab.rows('db2', 'RESET PERSIST super_read_only');
    expect(await told()).toEqual(['db2: whether super_read_only is on after a restart cannot be told']);
    await lab.rows('db2', 'SET PERSIST_ONLY super_read_only = ON');
  });

  test.each([
    ["ALTER USER x IDENTIFIED BY 'it''s\\' secret'", 'ALTER USER x IDENTIFIED BY ?'],
    ['UPDATE t SET a = "b\\"c", n = 42 WHERE card = 0x4111', 'UPDATE t SET a = ?, n = ? WHERE card = ?'],
    ["INSERT INTO t1 VALUES ('cut off in the mid", 'INSERT INTO t1 VALUES (?'],
  ])('%s is kept without its data', (sql, kept) => {
    expect(withoutLiterals(sql)).toBe(kept);
  });
});

test('a fleet that was not prepared has no heartbeat and no epoch, and can be read', async () => {
  const { members } = await lookAtCluster(servers, { ...cluster, schema: 'not_there' }, { full: false });
  expect(facts(members, 'db1')).toMatchObject({ heartbeat: null, epoch: null });
});

/** On a busy machine a look may miss its deadline, and says so: that is asked again, everything else is taken at its word. */
const lookInTime = (name: string) =>
  until((now) => {
    const member = now.find((one) => one.name === name);
    return member?.readable === true || unread(now, name).reason !== 'timed out';
  });

test('each way of being unreadable has its reason', async () => {
  const unlock = await lab.faults.lockAccount('db2', 'admin');
  const { members } = await lookInTime('db2');
  expect(unread(members, 'db2')).toMatchObject({ reason: 'auth failed' });
  await unlock();
  await until((now) => now.every((member) => member.readable));

  const stranger = {
    ...cluster,
    name: 'strange',
    instances: [{ ...cluster.instances[0]!, host: 'no-such-host.invalid' }],
  };
  const [nowhere] = (await lookAtCluster(servers, stranger, { full: false, deadlineMs: 5000 })).members;
  expect(nowhere).toMatchObject({ reason: 'unreachable' });

  await lab.faults.kill('db2');
  const dead = await lookInTime('db2');
  expect(unread(dead.members, 'db2')).toMatchObject({ reason: 'refused' });
  expect(facts(dead.members, 'db1').readOnly).toBe(false);
});
