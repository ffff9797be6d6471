import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemaStatements } from '../../../activities/mysql/schema';
import { openServers } from '../../../activities/mysql/servers';
import { lookAtCluster } from '../../../activities/observe/cluster';
import { type OldServer, startOldServer } from '../../../lab/mysqld/old-server';
import { end, markOf } from '../../../lab/processes';
import { runAll, value, withConnection } from '../../../lab/sql';
import { type Cluster } from '../../../workflows/decisions/cluster';
import { examine } from '../../../workflows/decisions/doctor';
import { decideFailover } from '../../../workflows/decisions/failover';
import { readable } from '../../../workflows/decisions/facts';
import { underWay } from '../../../workflows/decisions/under-way';
import { clusterOf, instance } from '../../decisions/members';
import { eventually } from '../../support/wait';
import { withoutTemporal } from './steps';

/** They are fetched through Maven; a machine without it has none. */
const hasMaven = (() => {
  try {
    execFileSync('mvn', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const onOldServers = hasMaven ? describe.each : describe.skip.each;

const PASSWORD = 'old-but-secret';
const NAMES = ['db1', 'db2', 'db3'] as const;

onOldServers([
  ['5.7.22', '5.7'],
  ['8.0.12', '8.0'],
] as const)('real servers of %s', (version, release) => {
  const folder = mkdtempSync(join(tmpdir(), 'mrt-old-'));
  const servers: OldServer[] = [];
  let cluster: Cluster;
  const kept = openServers({ secrets: () => Promise.resolve(PASSWORD) });
  const activities = withoutTemporal({
    servers: kept,
    secret: () => Promise.resolve(PASSWORD),
    inventory: () => Promise.reject(new Error('not asked here')),
  });
  const look = (full = false) => lookAtCluster(kept, cluster, { full });
  const one = async (name: string, full = false) =>
    readable((await look(full)).members).find((member) => member.name === name);
  const at = (name: (typeof NAMES)[number]): OldServer => servers[NAMES.indexOf(name)]!;

  beforeAll(async () => {
    for (const [index, name] of NAMES.entries())
      servers.push(await startOldServer(version, join(folder, name), { serverId: index + 1, password: PASSWORD }));
    const account = { user: 'runbooks', password: { env: 'PASSWORD' } };
    cluster = clusterOf([], {
      durability: 'async',
      accounts: { admin: account, replication: account },
      instances: NAMES.map((name) => instance(name, { host: '127.0.0.1', port: at(name).port })),
      tls: { mode: 'off' },
    });
    await runAll(at('db1').root, [
      ...schemaStatements(cluster.schema),
      `INSERT INTO ${cluster.schema}.epoch (epoch, primary_uuid, run) VALUES (1, @@server_uuid, 'by hand')`,
      'CREATE DATABASE shop',
      'CREATE TABLE shop.orders (id INT PRIMARY KEY)',
      'INSERT INTO shop.orders VALUES (1), (2), (3)',
    ]);
    for (const name of ['db2', 'db3'] as const)
      await runAll(at(name).root, [
        'SET GLOBAL super_read_only = ON',
        `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${at('db1').port}, MASTER_USER = 'runbooks',
           MASTER_PASSWORD = '${PASSWORD}', MASTER_AUTO_POSITION = 1, MASTER_HEARTBEAT_PERIOD = 0.5, MASTER_CONNECT_RETRY = 1`,
        'START SLAVE',
      ]);
    await eventually('both have all', async () =>
      (await Promise.all([one('db2'), one('db3')])).every((member) => member?.epoch?.epoch === 1),
    );
  }, 600_000);
  afterAll(async () => {
    await kept.close();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('are read whole, and doctor has only words that they know', async () => {
    const snapshot = await look(true);
    const [db1, db2] = readable(snapshot.members);
    expect(db1).toMatchObject({
      version: expect.stringMatching(version) as string,
      release,
      readOnly: false,
      channels: [],
    });
    expect(db2).toMatchObject({ readOnly: true, superReadOnly: true, epoch: { epoch: 1 } });
    expect(db2?.channels[0]).toMatchObject({ receiver: 'running', applier: 'running', autoPosition: true });
    expect(db1?.detail?.notRead).toBeUndefined();
    const fixes = examine(snapshot, cluster).flatMap(({ fix }) => fix);
    expect(fixes.join('\n')).not.toMatch(/CHANGE REPLICATION SOURCE|STOP REPLICA/);
    if (release === '5.7') expect(fixes.join('\n')).not.toMatch(/PERSIST/);
  });

  test('who holds a lock is seen, or a switchover says how to turn that on', async () => {
    const refused = async () => {
      const snapshot = await look(true);
      const db1 = readable(snapshot.members).find(({ name }) => name === 'db1');
      return db1 ? underWay(snapshot, db1) : [];
    };
    const holdups = async () => (await activities.holdupsOn({ cluster, name: 'db1' })).map(({ what }) => what);
    if (release === '5.7') {
      await withConnection(at('db1').root, async (session) => {
        await session.query('LOCK TABLES shop.orders WRITE');
        expect(await holdups()).toEqual([]); // why it must refuse
      });
      const [refusal] = await refused();
      expect(refusal?.sentence).toMatch(/^db1 does not record who holds table and backup locks/);
      const statements = refusal?.cure.match(/UPDATE [^;]+/g) ?? [];
      expect(statements).toHaveLength(2);
      await runAll(at('db1').root, statements);
    }
    expect(await refused()).toEqual([]);
    await withConnection(at('db1').root, async (session) => {
      await session.query('LOCK TABLES shop.orders WRITE');
      expect(await holdups()).toEqual(['table lock']);
    });
  });

  test('fail over: fenced, elected, opened, repointed, and nothing is lost', async () => {
    await end(markOf(at('db1').pid));
    const decision = await eventually(
      'no replica hears it',
      async () => {
        const now = decideFailover({
          cluster,
          sighting: { snapshot: await look(), primary: 'db1', commit: null, lastSeen: null, routers: [] },
        });
        return now.act === 'carry out' && now.diagnosis.state === 'dead' && now;
      },
      60_000,
    );
    expect(decision.plan).toMatchObject({ kind: 'promote', newPrimary: 'db2', repoint: { db3: 'db2' } });

    const { findings } = await activities.fenceOldPrimary({ cluster, oldPrimary: 'db1', answered: false });
    expect(findings.receiversStopped).toEqual(['db2', 'db3']);
    const { target } = decision.plan;
    const order = {
      cluster,
      candidate: 'db2',
      fetchFrom: null,
      target,
      followers: ['db3'],
      semiSync: null,
      minEpoch: 2,
      run: 'r',
    };
    expect(await activities.openPrimary(order)).toMatchObject({ result: 'opened', epoch: 2 });
    await activities.repointReplica({ cluster, replica: 'db3', source: 'db2' });
    await activities.settleNewPrimary({ cluster, name: 'db2' });
    await runAll(at('db2').root, ['INSERT INTO shop.orders VALUES (4)']);
    await eventually(
      'db3 follows',
      async () => Number(await value(at('db3').root, 'SELECT COUNT(*) FROM shop.orders')) === 4,
    );
    expect(await one('db2')).toMatchObject({ readOnly: false, channels: [], epoch: { epoch: 2 } });
    expect(await one('db3')).toMatchObject({ superReadOnly: true, epoch: { epoch: 2 } });
  });
});
