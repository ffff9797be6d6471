import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadInventory } from '../../activities/inventory/inventory';
import { openServers } from '../../activities/mysql/servers';
import { startHaproxy, sendWritesTo, writersOf } from '../../lab/haproxy';
import { type OldServer } from '../../lab/mysqld/old-server';
import { type LabRouter, type LabServer, type LabState } from '../../lab/options';
import { reservePorts, releasePortsOf } from '../../lab/ports';
import { end, markOf } from '../../lab/processes';
import { type OldRelease } from '../../lab/programs/old-mysql';
import { findHaproxy } from '../../lab/programs/haproxy';
import { rows, runAll, value } from '../../lab/sql';
import { ORDERS_TABLE } from '../../lab/two-fleets';
import { activityContext } from '../../workers/context';
import { type RunbookReport } from '../../workflows/decisions/report';
import { changeId, EMERGENCY_TASK_QUEUE } from '../../workflows/messages';
import { withoutTemporal } from '../activities/failover/steps';
import { startClients } from '../support/careful-clients';
import { hasMaven, OLD_NAMES, OLD_PASSWORD, type OldFleet, type OldName, startOldFleet } from '../support/old-fleet';
import { startTemporal, type TestTemporal } from '../workflows/temporal';

const onOldServers = hasMaven ? test : test.skip;
if (!hasMaven) console.warn('Switchovers of old releases are not tested here: they are fetched through Maven.');

const kept = openServers({ secrets: () => Promise.resolve(OLD_PASSWORD) });
const folder = mkdtempSync(join(tmpdir(), 'mrt-old-switch-'));
/** One for all: workers and servers are asked by the cluster's name. */
const inventory = join(folder, 'fleet.yaml');
let temporal: TestTemporal;

beforeAll(async () => {
  // As a worker has it: a busy machine must not take a step for one whose worker died.
  const activities = withoutTemporal({
    ...activityContext,
    servers: kept,
    secret: () => Promise.resolve(OLD_PASSWORD),
    inventory: () => loadInventory(inventory),
  });
  temporal = await startTemporal(activities, { sightCluster: activities.sightCluster });
}, 300_000);
afterAll(async () => {
  await temporal.stop();
  await kept.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a test finds: three servers, HAProxy, clients that write through it until `stop`. */
interface Scene {
  readonly at: (name: OldName) => OldServer;
  readonly haproxy: LabRouter;
  readonly moveTo: (to: OldName) => Promise<RunbookReport>;
}

async function behindHaproxy(version: OldRelease, story: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = `of-${version.replaceAll('.', '-')}`;
  const own = join(folder, cluster);
  mkdirSync(own);
  const fleet = await startOldFleet(version, own);
  const haproxy = await routerOf(fleet, own);
  try {
    declare(cluster, fleet, haproxy);
    const moveTo = (to: OldName) =>
      temporal.env.client.workflow.execute('plannedSwitchover', {
        workflowId: changeId(cluster),
        taskQueue: EMERGENCY_TASK_QUEUE,
        args: [{ cluster, to, requestedBy: 'tester', reason: 'test' }],
      }) as Promise<RunbookReport>;
    await story({ at: fleet.at, haproxy, moveTo });
  } finally {
    await end(markOf(haproxy.pid));
    await fleet.stop();
    releasePortsOf(own);
  }
}

function declare(cluster: string, fleet: OldFleet, haproxy: LabRouter): void {
  const account = { user: 'runbooks', password: { env: 'NOT_READ_HERE' } };
  const written = {
    durability: 'async',
    accounts: { admin: account, replication: account },
    instances: OLD_NAMES.map((name) => ({ name, host: '127.0.0.1', port: fleet.at(name).port })),
    tls: { mode: 'off' },
    routers: [
      {
        kind: 'haproxy',
        name: haproxy.name,
        socket: `unix:${haproxy.socket}`,
        ...{ writeBackend: 'orders_write', readBackend: 'orders_read' },
        writeAddress: `127.0.0.1:${haproxy.writePort}`,
      },
    ],
  };
  writeFileSync(inventory, stringify({ reports: join(folder, 'reports'), clusters: { [cluster]: written } }));
}

/** The statements of a refusal's cures, as an operator would paste them. */
const cures = (refused: RunbookReport, name: OldName): string[] =>
  refused.left
    .filter((line) => line.startsWith(name))
    .flatMap((line) => line.match(/(UPDATE performance_schema|SET (GLOBAL|PERSIST)|(STOP|START) SLAVE)[^;]+/g) ?? []);

onOldServers.each([
  ['5.7.22', /^Refused, .*db1 does not record who holds table and backup locks.*db2: replica_net_timeout is 60 s/],
  ['8.0.12', /^Refused, nothing was changed: db2: replica_net_timeout is 60 s$/],
] as const)(
  'three servers of %s: what is in the way is said in words that they know; then the primary moves there and back, and nothing is lost',
  (version, refusal) =>
    behindHaproxy(version, async ({ at, haproxy, moveTo }) => {
      await runAll(at('db1').root, [ORDERS_TABLE]);
      const clients = startClients(haproxy.writePort, { user: 'app', password: OLD_PASSWORD, database: 'shop' });
      try {
        await clients.acknowledgedBy(at('db1').root);

        for (const to of ['db2', 'db1'] as const) {
          const refused = await moveTo(to);
          expect(refused.headline).toMatch(to === 'db2' ? refusal : /^Refused, .*: db1: replica_net_timeout is 60 s$/);
          for (const name of OLD_NAMES) await runAll(at(name).root, cures(refused, name));
          expect(await moveTo(to)).toMatchObject({ outcome: 'done', newPrimary: to, left: [] });
          expect(await writersOf(haproxy)).toEqual([to]);
          await clients.acknowledgedBy(at(to).root);
          for (const name of OLD_NAMES.filter((one) => one !== to)) {
            const [status] = await rows(at(name).root, 'SHOW SLAVE STATUS');
            expect(status).toMatchObject({
              Slave_IO_Running: 'Yes',
              Slave_SQL_Running: 'Yes',
              Master_Port: at(to).port,
            });
            expect(await value(at(name).root, 'SELECT @@global.super_read_only')).toBe(1);
          }
          expect(await rows(at(to).root, 'SHOW SLAVE STATUS')).toEqual([]);
        }
      } finally {
        await clients.stop();
      }

      expect(await clients.missingOn(at('db1').root)).toEqual([]);
    }),
);

/** The lab's own HAProxy in front of them; db1 takes the writes. */
async function routerOf(fleet: OldFleet, folder: string): Promise<LabRouter> {
  const servers = OLD_NAMES.map((name) => ({ name, host: '127.0.0.1', port: fleet.at(name).port })) as LabServer[];
  const [write = 0, read = 0] = await reservePorts(2, folder);
  const state = {
    name: 'old',
    folder,
    socketsFolder: folder,
    servers,
    started: [],
    lifetime: 'starter',
  } as unknown as LabState;
  const router = await startHaproxy(state, await findHaproxy(), [write, read]);
  await sendWritesTo(router, servers, 'db1');
  return router;
}
