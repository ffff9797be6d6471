import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseInventory } from '../../activities/inventory/inventory';
import { openServers } from '../../activities/mysql/servers';
import { type OldServer, startOldServer } from '../../lab/mysqld/old-server';
import { runAll, withConnection } from '../../lab/sql';
import { compareQueries } from '../../workflows/decisions/upgrading/queries';
import { withoutTemporal } from '../activities/failover/steps';
import { hasMaven } from '../support/old-fleet';

const onOldServers = hasMaven ? test : test.skip;
const PASSWORD = 'asked-but-secret';

const TABLE = [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE orders (id INT PRIMARY KEY, customer INT, note VARCHAR(80), KEY by_customer (customer))',
  `INSERT INTO orders VALUES ${Array.from({ length: 500 }, (_, id) => `(${id}, ${id % 50}, 'of ${id}')`).join(', ')}`,
  'ANALYZE TABLE orders',
];
const GRANTS = ["GRANT SELECT ON *.* TO 'runbooks'@'%'"];
/** Of applications: one that fails on 8.0, one whose plan changes, one that is the same, one that must not be repeated. */
const ASKED = [
  "SELECT COUNT(*) AS rank FROM orders WHERE note <> 'a customer''s name'",
  'SELECT note FROM orders WHERE customer = 7',
  'SELECT note FROM orders WHERE id = 7',
  'SELECT note FROM orders WHERE id = 8 FOR UPDATE',
];

onOldServers.each(['TABLE', 'FILE'])(
  'the slow log (%s) knows what clients ask: a statement that fails on the new release, and one with another plan, are told to the developer',
  async (output) => {
    const folder = mkdtempSync(join(tmpdir(), 'mrt-asked-'));
    const servers: OldServer[] = [];
    const kept = openServers({ secrets: () => Promise.resolve(PASSWORD) });
    try {
      const slow = ['slow-query-log=ON', 'long-query-time=0', `log-output=${output}`];
      for (const [index, version] of (['5.7.22', '8.0.12'] as const).entries())
        servers.push(
          await startOldServer(version, join(folder, `db${index + 1}`), {
            ...{ serverId: index + 1, password: PASSWORD },
            settings: index === 0 ? slow : [],
          }),
        );
      const [old, fresh] = servers as [OldServer, OldServer];
      for (const { root } of servers) await runAll(root, [...TABLE, ...GRANTS]);
      await runAll(fresh.root, ['ALTER TABLE shop.orders DROP KEY by_customer']);
      await withConnection(old.root, async (connection) => {
        await connection.query('USE shop');
        for (const sql of ASKED) await connection.query(sql);
      });

      const inventory = parseInventory(
        JSON.stringify({
          reports: join(folder, 'reports'),
          clusters: {
            orders: {
              durability: 'async',
              tls: { mode: 'off' },
              accounts: {
                admin: { user: 'runbooks', password: { env: 'X' } },
                replication: { user: 'runbooks', password: { env: 'X' } },
              },
              instances: servers.map(({ host, port, pid }, index) => ({
                ...{ name: `db${index + 1}`, host, port },
                control: { kind: 'local', start: ['/bin/true', `--of=${pid}`], pidFile: '/nowhere' },
              })),
            },
          },
        }),
        join(folder, 'fleet.yaml'),
      );
      const [cluster] = inventory.clusters;
      const deps = {
        ...{ servers: kept, secret: () => Promise.resolve(PASSWORD), heartbeat: () => undefined },
        inventory: () => Promise.resolve(inventory),
      };
      const tried = await withoutTemporal(deps).tryQueries({
        ...{ cluster: cluster!, primary: 'db1', old: 'db1', fresh: 'db2', atMost: 20 },
      });
      const ofLog = tried.filter(({ source }) => source === 'slow log');
      expect(ofLog.map(({ schema }) => schema)).toEqual(['shop', 'shop', 'shop']);
      expect(JSON.stringify(tried)).not.toMatch(/customer's|FOR UPDATE/);
      expect(compareQueries(ofLog).map(({ kind, sentence }) => `${kind}: ${sentence}`)).toEqual([
        expect.stringMatching(/^breaks: .* in shop: SELECT COUNT\(\*\) AS rank .*cure: RANK: write it in backquotes/i),
        expect.stringMatching(/^other plan: .*WHERE customer = \?: was orders:ref:by_customer, is orders:ALL:no key$/),
      ]);
      const file = readFileSync(join(folder, 'reports/orders/queries-on-8.0.md'), 'utf8');
      expect(file).toMatch(/^## These fail on the new release: change them before the switch\n\n- .*rank/m);
      expect(file).toMatch(
        /^\| SELECT note FROM orders WHERE id = \? \| shop \| \w+ \| slow log \| [\d.]+ \| [\d.]+ \|/m,
      );
    } finally {
      await kept.close();
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
