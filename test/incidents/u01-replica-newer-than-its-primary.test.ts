import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory } from '../../activities/inventory/inventory';
import { openServers } from '../../activities/mysql/servers';
import { lookAtCluster } from '../../activities/observe/cluster';
import { end, markOf } from '../../lab/processes';
import { runAll, value } from '../../lab/sql';
import { followStatement, PASSWORD, startTwoFleets } from '../../lab/two-fleets';
import { decideFailover } from '../../workflows/decisions/failover';
import { hasMaven } from '../support/old-fleet';
import { eventually } from '../support/wait';

const onOldServers = hasMaven ? test : test.skip;

onOldServers(
  'the primary dies and a newer replica alone has everything: the plan says that the older one cannot follow, asks, and leaves it as it is',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mrt-u01-'));
    const kept = openServers({ secrets: () => Promise.resolve(PASSWORD) });
    const fleets = await startTwoFleets(join(folder, 'fleets'), { blue: '5.7.22', green: '8.0.12', greenServers: 1 });
    try {
      const [cluster] = (await loadInventory(fleets.inventory)).clusters;
      const root = (name: string) => fleets.at(name).root;
      await runAll(root('db3'), [followStatement(fleets.at('db1')), 'START SLAVE']);
      await eventually(
        'both follow',
        async () => {
          const [wanted, ...have] = await Promise.all(
            ['db1', 'db2', 'db3'].map((name) => value(root(name), 'SELECT @@global.gtid_executed')),
          );
          return have.every((one) => one === wanted);
        },
        60_000,
      );
      await runAll(root('db2'), ['STOP SLAVE IO_THREAD']);
      await runAll(root('db1'), ["INSERT INTO shop.orders VALUES (9, 1, 'only on db1 and db3')"]);
      await eventually(
        'db3 has it',
        async () => Number(await value(root('db3'), 'SELECT COUNT(*) FROM shop.orders')) === 1,
      );
      await end(markOf(fleets.at('db1').pid));

      const decision = await eventually(
        'no replica hears it',
        async () => {
          const snapshot = await lookAtCluster(kept, cluster!, { full: false });
          const sighting = { snapshot, primary: 'db1', commit: null, lastSeen: null, routers: [] };
          const now = decideFailover({ cluster: cluster!, sighting });
          return now.act === 'carry out' && now.diagnosis.state === 'dead' && now;
        },
        60_000,
      );
      expect(decision.plan).toMatchObject({ kind: 'promote', newPrimary: 'db3', repoint: {} });
      expect(decision.plan.notes).toContainEqual(
        expect.stringMatching(/^db2 \(5\.7\.22.*\) cannot follow db3 \(8\.0\.12\), which is newer: it stays as it is/),
      );
      expect(decision.plan.risks.map(({ code }) => code)).toContain('FOLLOWERS_STRANDED');
    } finally {
      await kept.close();
      await fleets.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  240_000,
);
